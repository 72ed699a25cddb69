import Millrace

/// Asks for training when a pipeline's code changes.
struct CodeReaction {
    let context: Context

    func events() throws -> [any EventPayload] {
        let name = context.event.subject.name
        guard let pipeline = context.settings.pipelines[name],
            let version = try context.state(DatasetRegistry.self).datasets[pipeline.dataset]?
                .current
        else { return [] }
        let last = try context.state(RunRegistry.self).pipelines[name]?.lastRequestTime
        // A training that was asked for after the change sees it anyway. Without any request the
        // first data ask for the first model, with whatever code is there.
        guard let last else { return [] }
        let changed = try context.events.filter { $0.time > last }.compactMap {
            try changedPath($0)
        }
        .filter { !isNote($0) }
        guard !changed.isEmpty else { return [] }
        return try Retraining(pipeline: name, settings: pipeline, context: context)
            .decide(about: version, drift: [], code: Set(changed).sorted().map(shown))
    }

    /// Nil for one that was only touched.
    private func changedPath(_ event: Event) throws -> WorkspacePath? {
        if event.type == FileRemoved.type { return try event.decode(FileRemoved.self).path }
        let arrived = try event.decode(FileArrived.self)
        return arrived.change == .touched ? nil : arrived.path
    }

    /// Below `code/PIPELINE/`.
    private func shown(_ path: WorkspacePath) -> String {
        path.components.dropFirst(2).joined(separator: "/")
    }

    private func isNote(_ path: WorkspacePath) -> Bool {
        path.name.lowercased().hasPrefix("readme")
    }
}
