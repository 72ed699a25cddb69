import Checksums
import Millrace

/// What the plugins of a what-if have yet to react to.
struct PendingReactions {
    struct Entry {
        let event: Event
        /// It is in the journal with other contents.
        let isChanged: Bool
    }

    /// By plugin and record: these are reacted to when the journal says that they were.
    private var recorded: [String: [UInt64: Entry]] = [:]
    /// What is not in the journal, in its order.
    private var new: [(plugin: String, event: Event)] = []
    private var newHead = 0

    mutating func add(_ event: Event, to plugin: String, isNew: Bool, isChanged: Bool) {
        if isNew {
            new.append((plugin, event))
        } else {
            recorded[plugin, default: [:]][event.sequence] = Entry(
                event: event, isChanged: isChanged)
        }
    }

    /// The events that a mark names, as far as there are any in this history.
    mutating func take(_ plugin: String, _ sequences: [UInt64]) -> [Entry] {
        sequences.compactMap { recorded[plugin]?.removeValue(forKey: $0) }
    }

    /// - Returns: how many there were.
    mutating func drop(_ plugin: String, _ sequences: [UInt64]) -> Int {
        take(plugin, sequences).count
    }

    mutating func takeNew() -> (plugin: String, event: Event)? {
        guard newHead < new.count else {
            new.removeAll(keepingCapacity: true)
            newHead = 0
            return nil
        }
        newHead += 1
        return new[newHead - 1]
    }
}

extension EventDraft {
    /// The event in the place of another.
    func event(replacing old: Event) -> Event {
        Event(
            sequence: old.sequence, id: old.id, type: type, version: version, subject: subject,
            time: old.time, actor: actor, causation: old.causation,
            correlation: old.correlation, payload: payload)
    }

    /// An event that the journal does not have: it stands beside the record that led to it, under an
    /// id that no record can have.
    func event(sequence: UInt64, time: Timestamp, _ ordinal: Int = 0) -> Event {
        Event(
            sequence: sequence, id: Emission.id(plugin: "what-if", cause: id, ordinal: ordinal),
            type: type, version: version, subject: subject, time: time, actor: actor,
            causation: causation, correlation: correlation, payload: payload)
    }
}
