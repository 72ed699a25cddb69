package import Millrace

extension RegisteredPlugin {
    /// A plugin in another language, as its settings declare it.
    ///
    /// - Parameter catalogue: the types that modules of this program define; an event of such a type
    ///   has to have its form.
    package init(
        _ external: ExternalPlugin, named name: PluginName, _ catalogue: EventCatalogue
    ) {
        let reactions = external.reactsTo.map { type in
            Reaction(external, type: type) { _, context in
                try await context.askProgram(external).map {
                    try RegisteredPlugin.payload($0, of: name, catalogue)
                }
            }
        }
        self.init(
            name: name, summary: "The program \(external.program).", reactions: reactions,
            emits: Set(external.emits), projections: [], jobs: [],
            // A program handles one event at a time; the others wait without a reaction of their own.
            concurrency: 1)
    }

    private static func payload(
        _ event: ExternalEvent, of plugin: PluginName, _ catalogue: EventCatalogue
    ) throws -> any EventPayload {
        guard let type = catalogue.payloadType(named: event.type) else {
            return ForeignEvent(
                typeName: event.type, subject: event.subject ?? .plugin(plugin.rawValue),
                data: event.data)
        }
        do { return try decode(event.data, as: type) } catch {
            throw ReactionError(
                "plugin \(plugin) emits \(event.type) without the form that it has: \(error)",
                retryable: false)
        }
    }

    private static func decode<P: EventPayload>(
        _ data: JSONValue, as type: P.Type
    ) throws -> any EventPayload {
        try data.decode(type)
    }
}
