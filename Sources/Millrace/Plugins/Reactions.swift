/// What a plugin does about events: one or more `On`.
public protocol Reactions: Sendable {
    var list: [Reaction] { get }
}

/// A reaction without its payload's type, as the runtime sees it.
public struct Reaction: Sendable {
    public let type: String
    /// Only events about this kind of subject; nil for all.
    public let subjectKind: String?
    /// Whether events of one subject that wait together are handled by one call, with the last one.
    public let coalesces: Bool
    /// Seconds after which a call is cancelled and counted as failed.
    public let timeout: Double
    /// The types it is known to emit.
    public let emits: [any EventPayload.Type]
    public let handle: @Sendable (Event, Context) async throws -> [any EventPayload]

    public func matches(type: String, subjectKind: String) -> Bool {
        self.type == type && (self.subjectKind ?? subjectKind) == subjectKind
    }
}

/// Reacts to one type of event.
///
/// The closure gets the payload and a context, and returns the events that follow. They are appended
/// together with the mark that the event was handled: all or none. If the daemon dies before that,
/// the closure is called again with the same event, so what it does to the world must bear being
/// done again: write the same file, ask for the same job.
public struct On<Payload: EventPayload>: Reactions {
    public let list: [Reaction]

    /// - Parameters:
    ///   - about: only events whose subject is of this kind, for example `dataset`.
    ///   - coalescing: true when one call may stand for all events of one subject that are waiting:
    ///     it gets the last; `context.events` has all.
    ///   - timeout: seconds until the call is cancelled. Work that takes longer belongs in a `Job`.
    public init<Emitted: EventPayload>(
        _: Payload.Type, about subjectKind: String? = nil, coalescing: Bool = false,
        timeout: Double = 24 * 3600,
        perform: @escaping @Sendable (Payload, Context) async throws -> [Emitted]
    ) {
        list = [
            Reaction(
                type: Payload.type, subjectKind: subjectKind, coalesces: coalescing,
                timeout: timeout, emits: [Emitted.self],
                handle: { event, context in
                    try await perform(try event.decode(Payload.self), context)
                })
        ]
    }

    /// For a reaction that emits events of several types; they are declared in `Plugin.emits`.
    // Disfavoured, so that a closure that returns one type is read as such and needs no declaration.
    @_disfavoredOverload
    public init(
        _: Payload.Type, about subjectKind: String? = nil, coalescing: Bool = false,
        timeout: Double = 24 * 3600,
        perform: @escaping @Sendable (Payload, Context) async throws -> [any EventPayload]
    ) {
        list = [
            Reaction(
                type: Payload.type, subjectKind: subjectKind, coalesces: coalescing,
                timeout: timeout, emits: [],
                handle: { event, context in
                    try await perform(try event.decode(Payload.self), context)
                })
        ]
    }
}

@resultBuilder
public enum ReactionsBuilder {
    public struct All: Reactions {
        public let list: [Reaction]
    }

    public static func buildBlock(_ parts: any Reactions...) -> All {
        All(list: parts.flatMap(\.list))
    }
}
