/// A plugin is seen for the first time: it reacts to what comes after.
public struct PluginRegistered: EventPayload {
    public static let type = "plugin.registered"

    public var plugin: String
    /// The first sequence that it reacts to; 0 for what comes after this event.
    public var from: UInt64

    public var subject: Subject { .plugin(plugin) }

    public var summary: String {
        "\(plugin) reacts to what comes " + (from == 0 ? "after this" : "from \(from) on")
    }

    public init(plugin: String, from: UInt64) {
        self.plugin = plugin
        self.from = from
    }
}

/// A reaction is done. Appended in one batch with the events that it emitted.
public struct ReactionHandled: EventPayload {
    public static let type = "reaction.handled"

    public var plugin: String
    /// The sequences of the events that were handled, in order.
    public var handled: [UInt64]
    /// The plugin's state was folded up to this sequence when it reacted.
    public var observed: UInt64
    public var attempts: Int
    public var milliseconds: Double

    public var subject: Subject { .plugin(plugin) }

    public var summary: String {
        let events = handled.map { "#\($0)" }.joined(separator: ", ")
        return "\(events) in \(rounded(milliseconds)) ms"
    }

    public init(
        plugin: String, handled: [UInt64], observed: UInt64, attempts: Int, milliseconds: Double
    ) {
        self.plugin = plugin
        self.handled = handled
        self.observed = observed
        self.attempts = attempts
        self.milliseconds = milliseconds
    }
}

/// A reaction failed and will be tried again.
public struct ReactionFailed: EventPayload {
    public static let type = "reaction.failed"

    public var plugin: String
    public var sequence: UInt64
    public var attempt: Int
    public var error: String
    /// Not before this.
    public var retryAt: Timestamp

    public var subject: Subject { .plugin(plugin) }

    public var summary: String {
        "#\(sequence), attempt \(attempt), again at \(retryAt): \(error)"
    }

    public init(plugin: String, sequence: UInt64, attempt: Int, error: String, retryAt: Timestamp) {
        self.plugin = plugin
        self.sequence = sequence
        self.attempt = attempt
        self.error = error
        self.retryAt = retryAt
    }
}

/// The process died while a reaction ran: it is tried again, a few times.
public struct ReactionInterrupted: EventPayload {
    public static let type = "reaction.interrupted"

    public var plugin: String
    public var sequence: UInt64
    /// How often this has happened to the event.
    public var count: Int
    /// Whether the process died of a fault of its own.
    public var trapped: Bool

    public var subject: Subject { .plugin(plugin) }

    public var summary: String {
        "#\(sequence) ran when the process \(trapped ? "crashed" : "was killed"), "
            + "time \(count): tried again"
    }

    public init(plugin: String, sequence: UInt64, count: Int, trapped: Bool) {
        self.plugin = plugin
        self.sequence = sequence
        self.count = count
        self.trapped = trapped
    }
}

/// A reaction failed for good: the event is set aside for a person, and the plugin goes on.
public struct ReactionDeadLettered: EventPayload {
    public static let type = "reaction.deadlettered"

    public var plugin: String
    /// The events that were set aside.
    public var sequences: [UInt64]
    public var attempts: Int
    public var error: String

    public var subject: Subject { .plugin(plugin) }

    public var summary: String {
        let events = sequences.map { "#\($0)" }.joined(separator: ", ")
        return "\(events) set aside after \(count(attempts, "attempt")): \(error)"
    }

    public init(plugin: String, sequences: [UInt64], attempts: Int, error: String) {
        self.plugin = plugin
        self.sequences = sequences
        self.attempts = attempts
        self.error = error
    }
}

/// A person put a dead letter back, or dropped it for good.
public struct DeadLetterResolved: EventPayload {
    public static let type = "deadletter.resolved"

    public enum Outcome: String, Codable, Sendable { case retried, dropped }

    public var plugin: String
    public var sequence: UInt64
    public var outcome: Outcome

    public var subject: Subject { .plugin(plugin) }

    public var summary: String {
        "#\(sequence) \(outcome.rawValue)"
    }

    public init(plugin: String, sequence: UInt64, outcome: Outcome) {
        self.plugin = plugin
        self.sequence = sequence
        self.outcome = outcome
    }
}

/// Plugins were setting each other off: what this reaction emitted was too many causes away from the
/// drop, and was not appended.
public struct ChainCut: EventPayload {
    public static let type = "chain.cut"

    public var plugin: String
    public var sequence: UInt64
    public var depth: Int
    /// The types that were to be emitted.
    public var types: [String]
    /// The types of events that set each other off, in order, the first again at the end; where nothing
    /// comes round, the types of the last causes. Nil in journals of older programs.
    public var cycle: [String]?

    public var subject: Subject { .plugin(plugin) }

    public var summary: String {
        "#\(sequence) would have been cause number \(depth); not emitted: "
            + types.joined(separator: ", ")
            + (cycle.map { "; it comes round: " + $0.joined(separator: " → ") } ?? "")
    }

    public init(
        plugin: String, sequence: UInt64, depth: Int, types: [String], cycle: [String]? = nil
    ) {
        self.plugin = plugin
        self.sequence = sequence
        self.depth = depth
        self.types = types
        self.cycle = cycle
    }
}
