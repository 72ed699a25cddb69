import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization

/// A folder of its own for one test, removed afterwards.
final class TemporaryFolder: Sendable {
    let path: FilePath

    init() throws {
        var name = Array("/tmp/journal-test-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw SystemError(.current, "mkdtemp") }
        path = FilePath(bytes: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    deinit {
        for name in (try? Files.names(in: path)) ?? [] {
            try? Files.unlink(path.appending(name))
        }
        _ = path.withCString { rmdir($0) }
    }
}

/// Small files and no watermarks of its own accord: what most tests want.
func smallConfiguration() -> JournalConfiguration {
    var configuration = JournalConfiguration()
    configuration.reserve = 4096
    configuration.segmentSize = 1 << 20
    configuration.quietMilliseconds = nil
    return configuration
}

func draft(
    _ number: UInt64, type: String = "data.accepted", subject: Subject = .dataset("flights"),
    payload: String? = nil
) -> EventDraft {
    EventDraft(
        id: EventID(high: 7, low: number), type: type, version: 1, subject: subject,
        actor: .plugin("validator"), causation: number > 1 ? EventID(high: 7, low: 1) : nil,
        correlation: EventID(high: 7, low: 1),
        payload: Array((payload ?? "{\"number\":\(number),\"text\":\"r\u{e9}sum\u{e9}\"}").utf8))
}

extension JournalReader {
    func all() throws -> [Event] {
        let cursor = try cursor()
        var events: [Event] = []
        while let event = try cursor.nextEvent() { events.append(event) }
        return events
    }
}

/// Collects what the writer's thread tells.
final class Heard: Sendable {
    private let state = Mutex<[Event]>([])

    func add(_ events: [Event]) { state.withLock { $0 += events } }
    var events: [Event] { state.withLock { $0 } }
}

/// A journal on a disk in memory.
struct MemoryJournal {
    static let directory = FilePath("log")
    let storage: MemoryStorage
    var configuration: JournalConfiguration

    init(_ storage: MemoryStorage = MemoryStorage(), segmentSize: Int = 1 << 20) {
        self.storage = storage
        configuration = JournalConfiguration()
        configuration.storage = storage
        configuration.segmentSize = segmentSize
        configuration.reserve = 1024
        configuration.quietMilliseconds = nil
        // The same files in every run.
        configuration.preparesSegments = false
        configuration.makesIndexes = false
        configuration.fullDiskMilliseconds = 1
        // The same bytes in every run.
        configuration.clock = { Timestamp(microseconds: 1_800_000_000_000_000) }
    }

    func open() throws -> JournalWriter {
        try JournalWriter(directory: Self.directory, configuration: configuration)
    }

    /// Appends batches of these sizes and closes, or leaves the journal as a kill would.
    func fill(_ batches: [Int], from first: UInt64 = 1) throws {
        let writer = try open()
        var number = first
        for count in batches {
            _ = try writer.appendBlocking(
                (0..<UInt64(count)).map { draft(number + $0, payload: "\(number + $0)") })
            number += UInt64(count)
        }
        try writer.close()
    }

    /// The journal as `kill -9` leaves it after these batches: without a watermark at the end.
    static func killed(_ batches: [Int], segmentSize: Int = 1 << 20) throws -> MemoryJournal {
        let journal = MemoryJournal(segmentSize: segmentSize)
        let writer = try journal.open()
        var number: UInt64 = 1
        for count in batches {
            _ = try writer.appendBlocking(
                (0..<UInt64(count)).map { draft(number + $0, payload: "\(number + $0)") })
            number += UInt64(count)
        }
        let copy = journal.storage.copy()
        try writer.close()
        return MemoryJournal(copy, segmentSize: segmentSize)
    }

    func verify(sinceHead: JournalHead? = nil) throws -> VerificationReport {
        try JournalVerifier.verify(
            Self.directory, sinceHead: sinceHead, threads: 1, storage: storage)
    }

    var reader: JournalReader { JournalReader(directory: Self.directory, storage: storage) }

    /// The sequences that a reader gets which skips damage, and the damage that it tells of.
    func salvage() throws -> (sequences: [UInt64], damages: [Damage]) {
        let damages = Mutex<[Damage]>([])
        let cursor = try reader.cursor(
            damage: .skip { found in damages.withLock { $0.append(found) } })
        var sequences: [UInt64] = []
        while let record = try cursor.next() { sequences.append(record.sequence) }
        return (sequences, damages.withLock { $0 })
    }

    static func path(_ name: String) -> FilePath { directory.appending(name) }

    /// The segments, each with its records' sequences and where they end.
    func layout() throws -> [(path: FilePath, records: [(sequence: UInt64, range: Range<Int>)])] {
        var segments: [(path: FilePath, records: [(sequence: UInt64, range: Range<Int>)])] = []
        let cursor = try reader.cursor()
        while let record = try cursor.next() {
            let path = Self.path(SegmentName.of(record.segment))
            if segments.last?.path != path { segments.append((path, [])) }
            let range = record.offset..<record.offset + record.length
            segments[segments.count - 1].records.append((record.sequence, range))
        }
        return segments
    }
}

/// Is the slow, exhaustive form of a test asked for (`MILLRACE_EXHAUSTIVE=1`, best in release)?
let isExhaustive = getenv("MILLRACE_EXHAUSTIVE") != nil
