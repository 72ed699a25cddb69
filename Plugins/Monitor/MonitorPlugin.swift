public import Millrace

/// Watches what models are fed: measures drift against the data that the model in production was
/// trained on, and asks for training when the pipeline's policy says so.
public struct MonitorPlugin: Plugin {
    public static let name: PluginName = "monitor"
    public static let summary =
        "Measures drift against what the model in production was trained on; asks for training."
    public static let emits: [any EventPayload.Type] = [
        DriftMeasured.self, TrainingRequested.self, TrainingDeferred.self,
    ]
    public static let projections: [any Projection.Type] = [
        DatasetRegistry.self, ModelRegistry.self, RunRegistry.self, FileHistory.self,
        ReferenceProfiles.self, RequestedSettings.self,
    ]

    private let settings: MonitorSettings

    public init(settings: MonitorSettings) { self.settings = settings }

    // Files that come together are looked at together, so that they ask for one training.
    public var reactions: some Reactions {
        On(DatasetVersionCreated.self, coalescing: true) { version, context in
            try VersionReaction(version: version, context: context, settings: settings).events()
        }
        On(FileArrived.self, about: "code", coalescing: true) { _, context in
            try CodeReaction(context: context).events()
        }
        On(FileRemoved.self, about: "code", coalescing: true) { _, context in
            try CodeReaction(context: context).events()
        }
        On(CommandReceived.self, about: "pipeline") { command, context in
            try CommandReaction(command: command, context: context).events()
        }
        On(ScheduleDue.self) { due, context in
            try TimeReaction(context: context).scheduled(due)
        }
        On(CoolDownEnded.self) { ended, context in
            try TimeReaction(context: context).cooledDown(ended)
        }
        On(SettingsAccepted.self) { accepted, context in
            try SettingsReaction(settings: accepted.settings, context: context).events()
        }
    }
}
