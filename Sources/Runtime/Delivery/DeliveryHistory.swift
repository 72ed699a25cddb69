package import Millrace

/// What the journal says about deliveries: what each plugin has yet to handle, and what was set aside.
package struct DeliveryHistory: Sendable {
    /// An event that a plugin could not handle.
    package struct DeadLetter: Sendable, Codable, Equatable {
        package let plugin: String
        package let event: UInt64
        package let attempts: Int
        package let error: String
        package let time: Timestamp
        package let sequence: UInt64
    }

    /// What one plugin did, and has to do.
    package struct Position: Sendable, Codable, Equatable {
        /// Reacts to events from here on.
        package var from: UInt64
        /// Events that it subscribed to and has neither handled nor set aside, in order.
        package var pending: Set<UInt64> = []
        /// Failed attempts of those.
        package var attempts: [UInt64: Int] = [:]
        /// How often the process died while it handled one of those.
        package var interruptions: [UInt64: Int] = [:]
        package var activity = PluginActivity()

        fileprivate mutating func note(_ sequence: UInt64) {
            if sequence >= from { pending.insert(sequence) }
        }

        fileprivate mutating func handled(_ sequences: [UInt64], milliseconds: Double) {
            for sequence in sequences {
                pending.remove(sequence)
                if !attempts.isEmpty { attempts[sequence] = nil }
                if !interruptions.isEmpty { interruptions[sequence] = nil }
            }
            activity.handled(sequences, milliseconds: milliseconds)
        }
    }

    /// By plugin; none when no plugins were given.
    package internal(set) var positions: [String: Position] = [:]
    /// What was set aside and is not resolved.
    package var deadLetters: [DeadLetter] { letters.list }
    /// Dead letters that are too old to be kept here; the journal has them.
    package var forgottenDeadLetters: Int { letters.forgotten }
    var letters = Letters()

    struct Letters: Codable, Sendable {
        var list: [DeadLetter] = []
        var forgotten = 0
    }

    private var subscriptions: [String: RegisteredPlugin]
    /// By event type: who reacts to it, and to which kind of subject.
    private var subscribers: [String: [Subscriber]] = [:]

    struct Subscriber: Sendable {
        let plugin: String
        /// Nil for any.
        let subjectKind: String?
    }

    /// How many dead letters are kept, the last ones.
    package static let deadLetterLimit = 10_000

    /// - Parameter plugins: whose pending events are wanted; for the others only counts are kept. When
    ///   none are given, only dead letters are looked at.
    package init(plugins: [RegisteredPlugin]) {
        subscriptions = Dictionary(
            plugins.map { ($0.name.rawValue, $0) }, uniquingKeysWith: { first, _ in first })
        for (name, plugin) in subscriptions {
            for reaction in plugin.reactions {
                subscribers[reaction.type, default: []].append(
                    Subscriber(plugin: name, subjectKind: reaction.subjectKind))
            }
        }
    }

    /// The types that matter to it.
    package var types: Set<String> { readTypes.union(subscribers.keys) }

    /// Those whose payload it reads. Of the others it only notes that they are there.
    var readTypes: Set<String> {
        let letters: Set = [ReactionDeadLettered.type, DeadLetterResolved.type]
        guard !subscriptions.isEmpty else { return letters }
        return letters.union([
            PluginRegistered.type, ReactionHandled.type, ReactionFailed.type,
            ReactionInterrupted.type,
        ])
    }

    package mutating func apply(_ event: Event) {
        note(event.sequence, about: event.subject, for: subscribers(to: event.type))
        mark(event)
    }

    /// Who reacts to events of a type.
    func subscribers(to type: String) -> [Subscriber] { subscribers[type] ?? [] }

    /// An event is there for those who react to its type.
    mutating func note(_ sequence: UInt64, about subject: Subject, for subscribers: [Subscriber]) {
        for subscriber in subscribers
        where subscriber.subjectKind == nil || subscriber.subjectKind == subject.kind {
            // A plugin that is not registered yet starts with what comes after its registration.
            positions[subscriber.plugin]?.note(sequence)
        }
    }

    /// Takes in an event whose payload it reads.
    mutating func mark(_ event: Event) {
        switch event.type {
        case PluginRegistered.type where !subscriptions.isEmpty:
            if let registered = event.payload(as: PluginRegistered.self) {
                let from = registered.from == 0 ? event.sequence + 1 : registered.from
                positions[registered.plugin] = Position(from: from)
            }
        case ReactionHandled.type where !subscriptions.isEmpty:
            if let handled = event.members(of: ReactionHandled.self) { apply(handled) }
        case ReactionFailed.type where !subscriptions.isEmpty:
            if let failed = event.payload(as: ReactionFailed.self) {
                positions[failed.plugin]?.attempts[failed.sequence] = failed.attempt
                positions[failed.plugin]?.activity.apply(failed, at: event.time)
            }
        case ReactionInterrupted.type where !subscriptions.isEmpty:
            if let interrupted = event.payload(as: ReactionInterrupted.self) {
                positions[interrupted.plugin]?.interruptions[interrupted.sequence] =
                    interrupted.count
                positions[interrupted.plugin]?.activity.apply(interrupted)
            }
        case ReactionDeadLettered.type:
            if let dead = event.payload(as: ReactionDeadLettered.self) {
                positions[dead.plugin]?.activity.apply(dead, at: event.time)
                for sequence in dead.sequences {
                    positions[dead.plugin]?.pending.remove(sequence)
                    positions[dead.plugin]?.attempts[sequence] = nil
                    positions[dead.plugin]?.interruptions[sequence] = nil
                    letters.list.append(
                        DeadLetter(
                            plugin: dead.plugin, event: sequence, attempts: dead.attempts,
                            error: dead.error, time: event.time, sequence: event.sequence))
                }
                let excess = letters.list.count - DeliveryHistory.deadLetterLimit
                if excess > 0 {
                    letters.list.removeFirst(excess)
                    letters.forgotten += excess
                }
            }
        case DeadLetterResolved.type:
            if let resolved = event.payload(as: DeadLetterResolved.self) { apply(resolved) }
        default: break
        }
    }

    /// One in four records of a journal is such a mark.
    private mutating func apply(_ handled: PayloadMembers) {
        guard let plugin = handled.text("plugin"),
            let sequences = handled.sequences("handled"),
            let milliseconds = handled.number("milliseconds")
        else { return }
        // Changed in place.
        positions[plugin]?.handled(sequences, milliseconds: milliseconds)
    }

    private mutating func apply(_ resolved: DeadLetterResolved) {
        let known = letters.list.contains {
            $0.plugin == resolved.plugin && $0.event == resolved.sequence
        }
        letters.list.removeAll { $0.plugin == resolved.plugin && $0.event == resolved.sequence }
        if known, resolved.outcome == .retried {
            positions[resolved.plugin]?.pending.insert(resolved.sequence)
        }
    }
}

// MARK: snapshots

extension DeliveryHistory {
    /// What decides which events are pending: a history that was folded with other subscriptions says
    /// nothing to these plugins.
    var fingerprint: String {
        subscriptions.keys.sorted().map { name in
            let reactions = subscriptions[name]?.reactions ?? []
            let types = reactions.map { "\($0.type)/\($0.subjectKind ?? "*")" }.sorted()
            return "\(name):\(types.joined(separator: ","))"
        }.joined(separator: ";")
    }

    /// No plugin was given.
    var isEmpty: Bool { subscriptions.isEmpty }

    /// The events that some plugin may still be handling, or be given again.
    var unsettled: Set<UInt64> {
        var sequences = Set(deadLetters.map(\.event))
        for position in positions.values { sequences.formUnion(position.pending) }
        return sequences
    }
}
