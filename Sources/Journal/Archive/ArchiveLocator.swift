import Checksums
import LinuxSystem
import Millrace
import Synchronization

/// What was archived of a journal, and what of it can be read now.
struct ArchiveState: Sendable {
    /// Where each part of what was archived ends, in order.
    let ends: [JournalHead]
    /// By the first sequence of each archived segment that is there: the directory that has it.
    let directories: [UInt64: FilePath]
    /// Where the first segments lie, for a message.
    let first: FilePath

    /// The end of the part that comes right before a record.
    func end(before sequence: UInt64) -> JournalHead? {
        ends.first { $0.sequence + 1 == sequence }
    }
}

extension JournalArchived.Part {
    var end: JournalHead {
        JournalHead(sequence: last, hash: SHA256.Value(words: head.words))
    }
}

/// Finds archived segments. The last event `journal.archived` says where they are; it is among the
/// records that stayed, because each of these events tells of all that was archived before.
final class ArchiveLocator: Sendable {
    /// The first segment that was there when it was looked up, and what was found.
    private let known = Mutex<(first: UInt64, archive: ArchiveState?)?>(nil)

    /// Nil when nothing was archived. - Parameter segments: those that are there, ascending.
    func archive(of log: LogDirectory, _ segments: [UInt64]) -> ArchiveState? {
        guard let first = segments.first, first > 1 else { return nil }
        if let known = known.withLock({ $0 }), known.first == first { return known.archive }
        let found = ArchiveLocator.find(log, from: first)
        known.withLock { $0 = (first, found) }
        return found
    }

    /// The directory that had an archived segment when it was looked up last.
    func directory(of segment: UInt64) -> FilePath? {
        known.withLock { $0?.archive?.directories[segment] }
    }

    private static func find(_ log: LogDirectory, from first: UInt64) -> ArchiveState? {
        guard let event = try? lastEvent(log, from: first), event.last >= first - 1,
            let part = event.parts.first
        else { return nil }
        var directories: [UInt64: FilePath] = [:]
        for part in event.parts where part.first <= part.last {
            let directory = FilePath(part.directory)
            for name in (try? log.storage.names(in: directory)) ?? [] {
                guard let segment = SegmentName.first(of: name), segment < first,
                    (part.first...part.last).contains(segment)
                else { continue }
                directories[segment] = directory
            }
        }
        return ArchiveState(
            ends: event.parts.map(\.end),
            directories: directories, first: FilePath(part.directory))
    }

    /// The last event about the archive, of the records from one on.
    static func lastEvent(
        _ log: LogDirectory, from first: UInt64
    ) throws(JournalError) -> JournalArchived? {
        // It looks at what is here, and over damage: what it finds is compared with the chain by
        // those who verify.
        let reader = JournalReader(
            log: LogDirectory(path: log.path, storage: log.storage), damage: .skip { _ in })
        let cursor = try reader.records(
            with: .subject(JournalArchived.subject), in: first...(.max - 1))
        var last: JournalArchived?
        while let event = try cursor.nextEvent() {
            guard event.actor == .system, let archived = event.payload(as: JournalArchived.self)
            else { continue }
            last = archived
        }
        return last
    }
}
