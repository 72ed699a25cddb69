import Millrace

/// Calls the people on duty about every rejected drop, through a command of theirs.
struct PagerPlugin: Plugin {
    static let name: PluginName = "pager"
    static let summary = "Calls the people on duty about rejected drops."

    struct Settings: PluginSettings {
        var command = ["logger", "-t", "millrace"]
    }

    let settings: Settings

    var reactions: some Reactions {
        On(DataRejected.self) { rejected, context in
            try await context.run(
                settings.command, input: "\(rejected.dataset): \(rejected.summary)\n")
            return [DutyCalled(path: rejected.path)]
        }
    }
}

struct DutyCalled: EventPayload {
    static let type = "duty.called"
    var path: WorkspacePath
    var subject: Subject { Subject("duty", "") }
    var summary: String { "about \(path)" }
}
