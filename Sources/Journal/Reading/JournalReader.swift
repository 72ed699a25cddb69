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
    let indexes: SegmentIndexes

    package init(
        directory: FilePath, upcasters: Upcasters = Upcasters(),
        damage: DamagePolicy = .stop, storage: any Storage = LinuxStorage()
    ) {
        self.init(
            log: LogDirectory(path: directory, storage: storage, archive: ArchiveLocator()),
            upcasters: upcasters, damage: damage)
    }

    init(log: LogDirectory, upcasters: Upcasters = Upcasters(), damage: DamagePolicy) {
        directory = log.path
        self.upcasters = upcasters
        self.damage = damage
        self.log = log
        indexes = SegmentIndexes(log)
    }

    /// Where each part of what was archived ends, in order; empty when nothing was.
    package func archivedEnds() throws(JournalError) -> [JournalHead] {
        try log.archived()?.ends ?? []
    }

    /// A cursor whose first record is the one with this sequence, or the first later one when it
    /// is not yet there. It begins to read near that record where there is an index.
    package func cursor(
        from sequence: UInt64 = 1, damage: DamagePolicy? = nil
    ) throws(JournalError) -> JournalCursor {
        let damage = damage ?? self.damage
        if sequence > 1, let first = try log.segments().last(where: { $0 <= sequence }),
            let (place, file) = try place(in: first, { $0.sequence <= sequence })
        {
            return JournalCursor(
                log, in: file, at: place.offset, expecting: place.sequence, from: sequence,
                damage: damage, upcasters: upcasters)
        }
        return JournalCursor(
            log, from: max(sequence, 1), damage: damage, upcasters: upcasters)
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

    /// The record's event, its payload brought up to date.
    package func event(of record: RawRecord) throws(JournalError) -> Event {
        try upcasters.upcast(try record.event())
    }

    /// Does a process have the journal open for writing?
    package func hasWriter() throws(JournalError) -> Bool { try log.hasWriter() }
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
