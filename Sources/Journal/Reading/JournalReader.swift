import Glibc
package import LinuxSystem
package import Millrace

/// Reads a journal, also while another process writes it: takes no lock, and needs no daemon.
package struct JournalReader: Sendable {
    package let directory: FilePath
    package let upcasters: Upcasters
    /// What its cursors do at a damaged place, unless they are told otherwise.
    package let damage: DamagePolicy
    let log: LogDirectory

    package init(
        directory: FilePath, upcasters: Upcasters = Upcasters(),
        damage: DamagePolicy = .stop, storage: any Storage = LinuxStorage()
    ) {
        self.directory = directory
        self.upcasters = upcasters
        self.damage = damage
        log = LogDirectory(path: directory, storage: storage)
    }

    /// A cursor whose first record is the one with this sequence, or the first later one when it
    /// is not yet there.
    package func cursor(
        from sequence: UInt64 = 1, damage: DamagePolicy? = nil
    ) throws(JournalError) -> JournalCursor {
        JournalCursor(
            log, from: max(sequence, 1), damage: damage ?? self.damage, upcasters: upcasters)
    }

    /// The last record of the last whole batch that is known to be on the disk.
    package func head() throws(JournalError) -> JournalHead {
        var head = try log.head()?.head ?? .empty
        let cursor = try cursor(from: head.sequence + 1)
        while let record = try cursor.next() {
            head = JournalHead(sequence: record.sequence, hash: record.hash)
        }
        return head
    }

    /// Does a process have the journal open for writing?
    package func hasWriter() throws(JournalError) -> Bool { try log.hasWriter() }

    /// The sequence of the first record at or after a time; nil when all are earlier.
    package func sequence(at time: Timestamp) throws(JournalError) -> UInt64? {
        let segments = try log.segments()
        // The last segment whose first record is earlier holds the answer, or the next one begins
        // with it. Times never go backwards, so the search may halve.
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            let first = try cursor(from: segments[middle]).next()
            if let first, first.time < time { low = middle + 1 } else { high = middle }
        }
        let cursor = try cursor(from: segments.isEmpty ? 1 : segments[max(0, low - 1)])
        while let record = try cursor.next() {
            if record.time >= time { return record.sequence }
        }
        return nil
    }

    /// All events that go back to the same root, in order.
    package func events(correlation: EventID) throws(JournalError) -> [Event] {
        var events: [Event] = []
        let cursor = try cursor()
        while let record = try cursor.next() {
            if record.correlation == correlation { events.append(try cursor.event(of: record)) }
        }
        return events
    }
}

/// What a reader does at a place that is damaged.
package enum DamagePolicy: Sendable {
    /// Throws `JournalError.damaged`.
    case stop
    /// Tells, and goes on with the next record that is whole.
    case skip(@Sendable (Damage) -> Void)
    /// Does so at places that the journal itself says were accepted, and throws at any other.
    case accepted(@Sendable (Damage) -> Void)
}

/// Brings payloads of older versions up to date when they are read.
package struct Upcasters: Sendable {
    /// The payload of the next version, from the payload of this one.
    package typealias Step = @Sendable ([UInt8]) throws -> [UInt8]

    private var steps: [Key: Step] = [:]

    private struct Key: Hashable {
        let type: String
        let version: Int
    }

    package init() {}

    /// Says how a payload of `version` becomes one of `version + 1`.
    package mutating func add(_ type: String, from version: Int, _ step: @escaping Step) {
        steps[Key(type: type, version: version)] = step
    }

    package var isEmpty: Bool { steps.isEmpty }

    /// The event with its payload in the newest version that there is a step to.
    package func upcast(_ event: Event) throws(JournalError) -> Event {
        guard !steps.isEmpty, steps[Key(type: event.type, version: event.version)] != nil else {
            return event
        }
        var version = event.version
        var payload = event.payload
        while let step = steps[Key(type: event.type, version: version)] {
            do { payload = try step(payload) } catch {
                throw .unreadable(
                    sequence: event.sequence,
                    member: "data of version \(version), which could not be brought up to date "
                        + "(\(error)),")
            }
            version += 1
        }
        return Event(
            sequence: event.sequence, id: event.id, type: event.type, version: version,
            subject: event.subject, time: event.time, actor: event.actor,
            causation: event.causation, correlation: event.correlation, payload: payload)
    }
}
