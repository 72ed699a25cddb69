import Millrace

// What a person asks for by a file in `inbox/`. What cannot be done is answered with an event and changes
// nothing.
extension Promotion {
    /// Does what a command about the model asks. Commands of other plugins are passed over.
    func obey(_ command: CommandReceived) async throws -> [any EventPayload] {
        switch command.command {
        case "approve": try await decide(command, approved: true)
        case "reject": try await decide(command, approved: false)
        case "rollback": rollBack(command)
        default: []
        }
    }

    private func decide(
        _ command: CommandReceived, approved: Bool
    ) async throws -> [any EventPayload] {
        let wanted = Arguments(command)
        if let problem = wanted.problem { return impossible(command, problem) }
        let waiting = model.waiting.filter { stage, version in
            (wanted.stage ?? stage) == stage && (wanted.version ?? version) == version
        }
        guard let (stage, number) = waiting.first, waiting.count == 1 else {
            let list = model.waiting.keys.sorted().compactMap { stage in
                model.waiting[stage].map { "v\($0) for \(stage)" }
            }
            return impossible(
                command,
                list.isEmpty
                    ? "no version of \(name) waits for approval"
                    : "it must name one of those that wait: " + list.joined(separator: ", "))
        }
        let person = "uid \(command.uid)" + (wanted.comment.isEmpty ? "" : ": \(wanted.comment)")
        let decision = ApprovalDecided(
            model: name, version: number, stage: stage, approved: approved, uid: command.uid,
            comment: wanted.comment)
        guard approved else { return [decision, refused(number, stage, "rejected by \(person)")] }
        guard let version = model.versions[number]?.created else { return [decision] }
        return [decision]
            + (try await enter(stage, version, approved: "approved by \(person)"))
    }

    private func rollBack(_ command: CommandReceived) -> [any EventPayload] {
        let wanted = Arguments(command)
        if let problem = wanted.problem { return impossible(command, problem) }
        guard let stage = wanted.stage ?? policy?.production else {
            return impossible(command, "the settings have no pipeline \(name)")
        }
        guard let tenures = model.tenures[stage], let live = tenures.last?.version else {
            return impossible(command, "no version of \(name) is live in \(stage)")
        }
        guard let target = wanted.version ?? StageHistory(tenures).previous else {
            return impossible(command, "v\(live) is the first version of \(name) in \(stage)")
        }
        guard target != live else {
            return impossible(command, "v\(target) is live in \(stage) already")
        }
        guard tenures.contains(where: { $0.version == target }) else {
            return impossible(command, "v\(target) was never live in \(stage)")
        }
        guard let version = model.versions[target]?.created else {
            return impossible(
                command,
                "v\(target) was live in \(stage) too long ago: one of the last "
                    + "\(ModelRegistry.versionLimit) can be gone back to")
        }
        let comment = wanted.comment.isEmpty ? "" : ": \(wanted.comment)"
        return [
            DeploymentPlanned(
                model: name, version: target, artifact: version.artifact, stage: stage,
                reason: "rollback from v\(live) asked by uid \(command.uid)\(comment)",
                isRollback: true)
        ]
    }

    private func impossible(
        _ command: CommandReceived, _ reason: String
    ) -> [any EventPayload] {
        [CommandDeclined(command, reason: reason)]
    }
}

/// The arguments of a command about a model.
private struct Arguments {
    var stage: String?
    var version: Int?
    var comment: String
    var problem: String?

    init(_ command: CommandReceived) {
        stage = command.arguments["stage"]?.stringValue
        comment = String((command.arguments["comment"]?.stringValue ?? "").prefix(500))
        guard let value = command.arguments["version"], value != .null else { return }
        if let number = value.integerValue {
            version = Int(exactly: number)
        } else if let text = value.stringValue {
            version = Int(text.hasPrefix("v") ? text.dropFirst() : text[...])
        }
        if version == nil { problem = "its 'version' is no version's number" }
    }
}
