package import Millrace

/// What the journal says about deliveries: what each plugin has yet to handle, and what was set aside.
package struct DeliveryHistory: Sendable {
    /// An event that a plugin could not handle.
    package struct DeadLetter: Sendable {
        package let plugin: String
        package let event: UInt64
        package let attempts: Int
        package let error: String
        package let time: Timestamp
        package let sequence: UInt64
    }

    /// What one plugin did, and has to do.
    package struct Position: Sendable {
        /// Reacts to events from here on.
        package var from: UInt64
        /// Events that it subscribed to and has neither handled nor set aside, in order.
        package var pending: Set<UInt64> = []
        /// Failed attempts of those.
        package var attempts: [UInt64: Int] = [:]
        /// How often the process died while it handled one of those.
        package var interruptions: [UInt64: Int] = [:]
        package var handled = 0
        package var failures = 0
        package var lastHandled: UInt64 = 0
        /// Of all handled reactions together.
        package var milliseconds = 0.0
        package var slowest = 0.0
    }

    package private(set) var positions: [String: Position] = [:]
    package private(set) var deadLetters: [DeadLetter] = []
    private var subscriptions: [String: RegisteredPlugin]

    /// - Parameter plugins: whose pending events are wanted; for the others only counts are kept.
    package init(plugins: [RegisteredPlugin]) {
        subscriptions = Dictionary(
            plugins.map { ($0.name.rawValue, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The types that matter to it, beside those that plugins subscribe to.
    package static let types: Set<String> = [
        PluginRegistered.type, ReactionHandled.type, ReactionFailed.type, ReactionInterrupted.type,
        ReactionDeadLettered.type, DeadLetterResolved.type,
    ]

    package mutating func apply(_ event: Event) {
        for (name, plugin) in subscriptions where plugin.reacts(to: event) {
            // A plugin that is not registered yet starts with what comes after its registration.
            guard let position = positions[name], event.sequence >= position.from else { continue }
            positions[name]?.pending.insert(event.sequence)
        }
        switch event.type {
        case PluginRegistered.type:
            if let registered = event.payload(as: PluginRegistered.self) {
                positions[registered.plugin] = Position(from: registered.from)
            }
        case ReactionHandled.type:
            if let handled = event.payload(as: ReactionHandled.self) { apply(handled) }
        case ReactionFailed.type:
            if let failed = event.payload(as: ReactionFailed.self) {
                positions[failed.plugin]?.attempts[failed.sequence] = failed.attempt
                positions[failed.plugin]?.failures += 1
            }
        case ReactionInterrupted.type:
            if let interrupted = event.payload(as: ReactionInterrupted.self) {
                positions[interrupted.plugin]?.interruptions[interrupted.sequence] =
                    interrupted.count
            }
        case ReactionDeadLettered.type:
            if let dead = event.payload(as: ReactionDeadLettered.self) {
                for sequence in dead.sequences {
                    positions[dead.plugin]?.pending.remove(sequence)
                    positions[dead.plugin]?.attempts[sequence] = nil
                    positions[dead.plugin]?.interruptions[sequence] = nil
                    deadLetters.append(
                        DeadLetter(
                            plugin: dead.plugin, event: sequence, attempts: dead.attempts,
                            error: dead.error, time: event.time, sequence: event.sequence))
                }
            }
        case DeadLetterResolved.type:
            if let resolved = event.payload(as: DeadLetterResolved.self) { apply(resolved) }
        default: break
        }
    }

    private mutating func apply(_ handled: ReactionHandled) {
        // Taken out and put back, so that the sets are changed in place.
        guard var position = positions.removeValue(forKey: handled.plugin) else { return }
        for sequence in handled.handled {
            position.pending.remove(sequence)
            position.attempts[sequence] = nil
            position.interruptions[sequence] = nil
        }
        position.handled += 1
        position.milliseconds += handled.milliseconds
        position.slowest = max(position.slowest, handled.milliseconds)
        position.lastHandled = max(position.lastHandled, handled.handled.last ?? 0)
        positions[handled.plugin] = position
    }

    private mutating func apply(_ resolved: DeadLetterResolved) {
        let known = deadLetters.contains {
            $0.plugin == resolved.plugin && $0.event == resolved.sequence
        }
        deadLetters.removeAll { $0.plugin == resolved.plugin && $0.event == resolved.sequence }
        if known, resolved.outcome == .retried {
            positions[resolved.plugin]?.pending.insert(resolved.sequence)
        }
    }
}
