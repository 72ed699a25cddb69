import Millrace

/// Looks again when settings come into force: at a pipeline that is new and finds its data there, and at
/// one whose settings are others than when training was asked for, above all after a run that failed.
struct SettingsReaction {
    let settings: WorkspaceSettings
    let context: Context

    func events() throws -> [any EventPayload] {
        let asked = try context.state(RequestedSettings.self)
        let runs = try context.state(RunRegistry.self).pipelines
        let datasets = try context.state(DatasetRegistry.self).datasets
        var events: [any EventPayload] = []
        for (name, pipeline) in settings.pipelines.sorted(by: { $0.key < $1.key }) {
            guard let version = datasets[pipeline.dataset]?.current,
                runs[name]?.lastRequest == nil || asked.differ(name, settings)
            else { continue }
            let failed = runs[name].map { $0.runs[$0.latest]?.failed != nil } ?? false
            let refused = runs[name].map { $0.runs.isEmpty && $0.refusal != nil } ?? false
            // What speaks against training is no news here.
            events += try Retraining(pipeline: name, settings: pipeline, context: context)
                .decide(about: version, mended: failed || refused)
                .filter { $0 is TrainingRequested }
        }
        return events
    }
}

/// The settings with which training was last asked for, for each pipeline.
struct RequestedSettings: Projection, Codable {
    static let types: [any EventPayload.Type] = [SettingsAccepted.self, TrainingRequested.self]

    private struct Settings: Codable, Equatable {
        var pipeline: Pipeline?
        var dataset: DatasetSettings?

        init(_ name: String, _ settings: WorkspaceSettings) {
            pipeline = settings.pipelines[name]
            dataset = pipeline.flatMap { settings.datasets[$0.dataset] }
        }
    }

    private var inForce = WorkspaceSettings()
    private var requested: [String: Settings] = [:]

    init() {}

    mutating func apply(_ event: Event) {
        if let accepted = event.payload(as: SettingsAccepted.self) {
            inForce = accepted.settings
        } else if event.type == TrainingRequested.type {
            requested[event.subject.name] = Settings(event.subject.name, inForce)
        }
    }

    /// Whether a pipeline's settings are others than when training was asked for.
    func differ(_ name: String, _ settings: WorkspaceSettings) -> Bool {
        requested[name].map { $0 != Settings(name, settings) } ?? false
    }
}
