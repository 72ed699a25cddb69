import Millrace

/// Does what a person asks for: `millrace retrain PIPELINE`.
struct CommandReaction {
    let command: CommandReceived
    let context: Context

    func events() throws -> [any EventPayload] {
        guard command.command == "retrain" else { return [] }
        let name = command.subject.name
        guard let pipeline = context.settings.pipelines[name] else {
            let known = context.settings.pipelines.keys.sorted().joined(separator: ", ")
            return [
                deferred("\(asked), and there is no such pipeline; there are: \(known)")
            ]
        }
        let current = try context.state(DatasetRegistry.self).datasets[pipeline.dataset]?.current
        guard let current, current.rows > 0 else {
            return [
                deferred("\(asked), and the dataset \(pipeline.dataset) has no rows yet")
            ]
        }
        return [
            TrainingRequested(
                pipeline: name, dataset: pipeline.dataset, version: current.version,
                reasons: [asked])
        ]
    }

    private var asked: String {
        let comment = command.arguments["comment"]?.stringValue ?? ""
        return "asked for by uid \(command.uid)" + (comment.isEmpty ? "" : ": \(comment)")
    }

    private func deferred(_ reason: String) -> TrainingDeferred {
        TrainingDeferred(pipeline: command.subject.name, reason: reason)
    }
}
