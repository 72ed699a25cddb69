import Journal
import Millrace

/// Trains a pipeline as it would have been trained at a moment of the past, by the plugins that react
/// to a request for training, in a what-if's world.
struct TrainingRehearsal {
    private let registry: PluginRegistry
    private let settings: WorkspaceSettings
    private var projections: ProjectionSet
    private let memories: ProjectionSet
    private let last: Event?

    /// - Parameter place: the last record that counts.
    init(_ reader: JournalReader, registry: PluginRegistry, at place: UInt64) throws {
        self.registry = registry
        memories = try RecordedReactions(reader, registry).memories
        var projections = ProjectionSet(
            registry.types.flatMap { $0.projections } + [DatasetRegistry.self])
        var settings = WorkspaceSettings()
        var last: Event?
        let cursor = try reader.cursor()
        while let event = try cursor.nextEvent(), event.sequence <= place {
            projections.apply(event)
            if let accepted = event.payload(as: SettingsAccepted.self) {
                settings = accepted.settings
            }
            last = event
        }
        self.projections = projections
        self.settings = settings
        self.last = last
    }

    /// What the model measures; nil when it cannot be trained at that moment.
    mutating func metrics(
        of pipeline: String, on machine: WhatIfMachine
    ) async throws -> [String: Double]? {
        guard let last, let dataset = settings.pipelines[pipeline]?.dataset,
            let version = projections.state(DatasetRegistry.self)?.datasets[dataset]?.current
        else { return nil }
        let world = WhatIfWorld(machine, registry: registry, memories: memories, trains: true)
        world.now = last.time
        let request = try EventDraft(
            TrainingRequested(
                pipeline: pipeline, dataset: dataset, version: version.version,
                reasons: ["bisect"]),
            id: Emission.id(plugin: "bisect", cause: last.id, ordinal: 0), actor: .system
        ).event(sequence: last.sequence, time: last.time)
        var events = [request]
        // A request, a run, a version.
        for _ in 0..<3 {
            guard let event = events.last else { return nil }
            let next = try await react(to: event, world)
            for event in next {
                if let made = event.payload(as: ModelVersionCreated.self) { return made.metrics }
                // Nothing has changed since the last run: its version answers.
                if event.type == TrainingDeferred.type {
                    let model = projections.state(ModelRegistry.self)?.models[pipeline]
                    return model.flatMap { $0.versions[$0.latest]?.created?.metrics }
                }
            }
            events += next
        }
        return nil
    }

    private mutating func react(to event: Event, _ world: WhatIfWorld) async throws -> [Event] {
        var emitted: [Event] = []
        projections.apply(event)
        for plugin in registry.makePlugins(settings).plugins where plugin.reacts(to: event) {
            let context = Context(
                event: event, events: [event], settings: settings, attempt: 1,
                plugin: plugin.name, states: projections.states(for: plugin), world: world)
            for reaction in plugin.reactions
            where reaction.matches(type: event.type, subjectKind: event.subject.kind) {
                let payloads = try await reaction.handle(event, context)
                emitted += try Emission.drafts(payloads, by: plugin, cause: event).enumerated()
                    .map { $1.event(sequence: event.sequence, time: event.time, $0) }
            }
        }
        return emitted
    }
}
