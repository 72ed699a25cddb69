package import Millrace
package import Runtime

/// The settings in force, from the journal.
package struct SettingsInForce: Projection {
    package static let types: [any EventPayload.Type] = [SettingsAccepted.self]

    package private(set) var digest: Digest?
    package private(set) var settings: WorkspaceSettings?
    package private(set) var sequence: UInt64 = 0

    package init() {}

    package mutating func apply(_ event: Event) {
        guard let accepted = event.payload(as: SettingsAccepted.self) else { return }
        digest = accepted.sha256
        settings = accepted.settings
        sequence = event.sequence
    }
}

/// The plugins that were ever registered.
package struct KnownPlugins: Projection, Codable {
    package static let types: [any EventPayload.Type] = [PluginRegistered.self]

    package private(set) var names: Set<String> = []

    package init() {}

    package mutating func apply(_ event: Event) {
        guard let registered = event.payload(as: PluginRegistered.self) else { return }
        names.insert(registered.plugin)
    }
}

/// What the workspace itself reacts to: its settings file, and commands in the inbox.
package struct WorkspacePlugin: Plugin {
    package static let name: PluginName = "workspace"
    package static let summary = "Takes in settings and commands."
    package static let emits: [any EventPayload.Type] = [
        SettingsAccepted.self, SettingsRefused.self, CommandReceived.self, CommandRefused.self,
        CommandDeclined.self, DeadLetterResolved.self, PluginRegistered.self,
    ]
    package static let projections: [any Projection.Type] = [
        SettingsInForce.self, KnownPlugins.self, ScheduleRecord.self, DeadLetterBook.self,
    ]

    private let registry: PluginRegistry?

    package init(settings: NoSettings) { registry = nil }

    package init(registry: PluginRegistry) { self.registry = registry }

    package var reactions: some Reactions {
        On(FileArrived.self, about: Subject.workspace.kind) { file, context in
            guard file.area.kind == .settings, let registry else { return [] }
            return try WorkspacePlugin.settings(file, registry, context)
        }
        On(FileArrived.self, about: "inbox") { file, context in
            try WorkspacePlugin.command(file, context)
        }
    }

    private static func settings(
        _ file: FileArrived, _ registry: PluginRegistry, _ context: Context
    ) throws -> [any EventPayload] {
        if try context.state(SettingsInForce.self).digest == file.sha256 { return [] }
        do {
            let bytes = try context.files.bytes(
                of: file.sha256, limit: CheckedSettings.sizeLimit)
            let checked = try CheckedSettings(bytes, registry)
            // One that is new reacts to what comes after its registration, which so comes first.
            let known = try context.state(KnownPlugins.self).names
            let new = checked.settings.externalPlugins.keys.sorted().filter { !known.contains($0) }
            return new.map { PluginRegistered(plugin: $0, from: 0) }
                + [SettingsAccepted(sha256: checked.digest, settings: checked.settings)]
        } catch let problems as CheckedSettings.Problems {
            return [SettingsRefused(sha256: file.sha256, problems: problems.list)]
        } catch {
            return [SettingsRefused(sha256: file.sha256, problems: ["\(error)"])]
        }
    }

    /// The most that a command may have.
    private static let commandLimit = 64 << 10

    private static func command(
        _ file: FileArrived, _ context: Context
    ) throws -> [any EventPayload] {
        // It still lies there and was carried out, or is about to be.
        if file.change == .touched { return [] }
        func refuse(_ reason: String) -> [any EventPayload] {
            [CommandRefused(path: file.path, reason: reason)]
        }
        guard file.size <= commandLimit else {
            return refuse("a command has at most \(commandLimit) bytes")
        }
        let value: JSONValue
        do {
            value = try JSONValue(
                parsing: try context.files.bytes(of: file.sha256, limit: commandLimit))
        } catch {
            return refuse("it is no JSON: \(error)")
        }
        guard let command = value["command"]?.stringValue, let about = value["about"]?.stringValue
        else {
            return refuse(
                "a command is an object such as {\"command\": \"approve\", \"about\": \"model/NAME\"}"
            )
        }
        var arguments: [String: JSONValue] = [:]
        for member in value["arguments"]?.members ?? [] { arguments[member.key] = member.value }
        let received = CommandReceived(
            command: command, about: about, arguments: arguments, uid: file.uid)
        guard command == "deadletter" else { return [received] }
        guard let plugin = arguments["plugin"]?.stringValue,
            let sequence = arguments["sequence"]?.integerValue.flatMap({ UInt64(exactly: $0) }),
            let outcome = arguments["outcome"]?.stringValue.flatMap({
                DeadLetterResolved.Outcome(rawValue: $0)
            })
        else { return refuse("a dead letter is named by plugin, sequence and outcome") }
        // What was handled is not handled again, whoever asks for it.
        guard try context.state(DeadLetterBook.self).letters[plugin]?.contains(sequence) == true
        else {
            return [
                received,
                CommandDeclined(
                    received, reason: "event #\(sequence) is not set aside for \(plugin)"),
            ]
        }
        return [
            received, DeadLetterResolved(plugin: plugin, sequence: sequence, outcome: outcome),
        ]
    }
}
