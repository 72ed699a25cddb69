/// An event that a plugin in another language is asked to handle.
public struct ExternalRequest: Sendable {
    public let plugin: PluginName
    public let settings: ExternalPlugin
    /// In order; more than one only when it coalesces.
    public let events: [Event]
    public let attempt: Int

    public init(plugin: PluginName, settings: ExternalPlugin, events: [Event], attempt: Int) {
        self.plugin = plugin
        self.settings = settings
        self.events = events
        self.attempt = attempt
    }
}

/// An event as a plugin in another language answers it.
public struct ExternalEvent: Sendable, Equatable {
    public let type: String
    /// Nil: what the type says, or else the plugin itself.
    public let subject: Subject?
    public let data: JSONValue

    public init(type: String, subject: Subject?, data: JSONValue) {
        self.type = type
        self.subject = subject
        self.data = data
    }
}

/// An event of a type that no module of this program defines: its type is a value.
package struct ForeignEvent: EventPayload {
    package static let type = "foreign.event"

    package let typeName: String
    package let subject: Subject
    package let data: JSONValue

    package init(typeName: String, subject: Subject, data: JSONValue) {
        self.typeName = typeName
        self.subject = subject
        self.data = data
    }

    /// Only for the protocol's sake: nothing that is journaled has this type.
    package init(from decoder: any Decoder) throws {
        self.init(
            typeName: ForeignEvent.type, subject: .workspace, data: try JSONValue(from: decoder))
    }

    package func encode(to encoder: any Encoder) throws { try data.encode(to: encoder) }
}

extension EventPayload {
    /// The type that its event has.
    package var eventType: String { (self as? ForeignEvent)?.typeName ?? Self.type }
}

extension Reaction {
    /// A reaction of a plugin in another language to one of its types.
    package init(
        _ external: ExternalPlugin, type: String,
        handle: @escaping @Sendable (Event, Context) async throws -> [any EventPayload]
    ) {
        self.init(
            type: type, subjectKind: external.about, coalesces: external.coalesces,
            timeout: external.timeout.seconds, emits: [], handle: handle)
    }
}

extension Context {
    /// Has a plugin in another language handle the events of this call.
    package func askProgram(_ external: ExternalPlugin) async throws -> [ExternalEvent] {
        try await world.ask(
            ExternalRequest(
                plugin: plugin, settings: external, events: events, attempt: attempt))
    }
}

extension World {
    /// Programs are part of the real world.
    public func ask(_ request: ExternalRequest) async throws -> [ExternalEvent] {
        throw ReactionError(
            "the program of plugin \(request.plugin) is not run here", retryable: false)
    }
}
