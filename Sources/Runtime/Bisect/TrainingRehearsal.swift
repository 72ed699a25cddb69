import Journal
import Millrace

/// Trains a pipeline as it would have been trained at a moment of the past, by the plugins that react
/// to a request for training, in a what-if's world.
struct TrainingRehearsal {
    private let registry: PluginRegistry
    private let settings: WorkspaceSettings
    private let projections: ProjectionSet
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
    func metrics(
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
        var rehearsal = Rehearsal(registry, settings, projections, in: world)
        for _ in 0..<3 {
            guard let event = events.last else { return nil }
            let next = try await rehearsal.react(to: event)
            for event in next {
                if let made = event.payload(as: ModelVersionCreated.self) { return made.metrics }
                // Nothing has changed since the last run: its version answers.
                if event.type == TrainingDeferred.type {
                    let model = rehearsal.projections.state(ModelRegistry.self)?.models[pipeline]
                    return model.flatMap { $0.versions[$0.latest]?.created?.metrics }
                }
            }
            events += next
        }
        return nil
    }
}
