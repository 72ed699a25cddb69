import Millrace

/// The state of a moment, and plugins that react there to events that the journal need not have, in a
/// what-if's world.
struct Rehearsal {
    private let registry: PluginRegistry
    private let settings: WorkspaceSettings
    private let world: WhatIfWorld
    private(set) var projections: ProjectionSet

    init(
        _ registry: PluginRegistry, _ settings: WorkspaceSettings, _ projections: ProjectionSet,
        in world: WhatIfWorld
    ) {
        self.registry = registry
        self.settings = settings
        self.projections = projections
        self.world = world
    }

    /// - Parameter isAsked: which of the plugins that react to it are to do so.
    /// - Returns: what they emit, in their order; it has been applied to nothing yet.
    mutating func react(
        to event: Event, by isAsked: (RegisteredPlugin) -> Bool = { _ in true }
    ) async throws -> [Event] {
        var emitted: [Event] = []
        projections.apply(event)
        for plugin in registry.makePlugins(settings).plugins
        where plugin.reacts(to: event) && isAsked(plugin) {
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
