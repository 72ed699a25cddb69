package import Millrace

/// What one plugin has done since it was registered: counts that grow, and the last error. Folded from
/// the marks of its reactions, by whoever reads the journal and by the runtime while it appends to it.
package struct PluginActivity: Sendable, Codable, Equatable {
    package struct Failure: Sendable, Codable, Equatable {
        /// The event that could not be handled.
        package let event: UInt64
        package let error: String
        package let time: Timestamp
        /// It was set aside, and is not tried again.
        package let isFinal: Bool
    }

    /// Reactions that came to their end.
    package private(set) var handled = 0
    /// Attempts that failed and were to be made again.
    package private(set) var failures = 0
    /// Events that were set aside.
    package private(set) var deadLetters = 0
    /// Times that the process died while a reaction ran.
    package private(set) var interruptions = 0
    /// The last event that was handled.
    package private(set) var lastHandled: UInt64 = 0
    package private(set) var times = ReactionTimes()
    package private(set) var lastFailure: Failure?

    package init() {}

    /// A reaction to these events came to its end.
    package mutating func handled(_ sequences: [UInt64], milliseconds: Double) {
        self.handled += 1
        lastHandled = max(lastHandled, sequences.last ?? 0)
        times.add(seconds: milliseconds / 1000)
    }

    package mutating func apply(_ failed: ReactionFailed, at time: Timestamp) {
        failures += 1
        lastFailure = Failure(
            event: failed.sequence, error: failed.error, time: time, isFinal: false)
    }

    package mutating func apply(_ dead: ReactionDeadLettered, at time: Timestamp) {
        deadLetters += dead.sequences.count
        lastFailure = Failure(
            event: dead.sequences.first ?? 0, error: dead.error, time: time, isFinal: true)
    }

    package mutating func apply(_ interrupted: ReactionInterrupted) { interruptions += 1 }
}
