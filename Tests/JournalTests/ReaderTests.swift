import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization
import Testing

@Suite struct `A reader` {
    /// One event a second, each the root of two more.
    static func journal() throws -> MemoryJournal {
        var journal = MemoryJournal(segmentSize: 4000)
        let seconds = Mutex<Int64>(0)
        journal.configuration.clock = {
            seconds.withLock { seconds in
                seconds += 1
                return Timestamp(microseconds: seconds * 1_000_000)
            }
        }
        let writer = try journal.open()
        for number in 1...30 as ClosedRange<UInt64> {
            var draft = draft(number, payload: "\(number)")
            draft.correlation = EventID(high: 3, low: number % 10)
            _ = try writer.appendBlocking([draft])
        }
        try writer.close()
        return journal
    }

    @Test func `begins at any sequence and at any time`() throws {
        let reader = try Self.journal().reader
        for sequence in 1...32 as ClosedRange<UInt64> {
            let record = try reader.cursor(from: sequence).next()
            #expect(record?.sequence == (sequence <= 31 ? sequence : nil))
            #expect(
                try reader.sequence(at: Timestamp(microseconds: Int64(sequence) * 1_000_000))
                    == (sequence <= 31 ? sequence : nil))
        }
        #expect(try reader.sequence(at: Timestamp(microseconds: 0)) == 1)
        #expect(try reader.sequence(at: Timestamp(microseconds: 7_500_000)) == 8)
    }

    @Test func `finds what goes back to one root`() throws {
        let reader = try Self.journal().reader
        let events = try reader.events(correlation: EventID(high: 3, low: 7))
        #expect(events.map(\.sequence) == [7, 17, 27])
        #expect(try reader.events(correlation: EventID(high: 4, low: 7)).isEmpty)
    }

    @Test func `proves that a log extends an older head, or that it does not`() throws {
        let journal = try Self.journal()
        let head = try journal.reader.head()
        #expect(head.sequence == 31)
        #expect(JournalHead(parsing: head.description) == head)
        try journal.fill([3], from: 100)
        #expect(try journal.verify(sinceHead: head).extendsHead == true)
        #expect(try journal.verify(sinceHead: .empty).extendsHead == true)
        let other = try #require(
            JournalHead(parsing: "31:" + String(repeating: "ab", count: 32)))
        let report = try journal.verify(sinceHead: other)
        #expect(report.extendsHead == false)
        #expect(!report.isOK)
        let later = JournalHead(sequence: 1000, hash: head.hash)
        #expect(try journal.verify(sinceHead: later).extendsHead == false)
    }

    @Test func `brings old payloads up to date`() throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        _ = try writer.appendBlocking([
            draft(1, payload: "1"), draft(2, type: "other", payload: "1"),
        ])
        try writer.close()
        var upcasters = Upcasters()
        upcasters.add("data.accepted", from: 1) { payload in
            Array("[".utf8) + payload + Array("]".utf8)
        }
        upcasters.add("data.accepted", from: 2) { payload in
            Array("{\"a\":".utf8) + payload + Array("}".utf8)
        }
        let reader = JournalReader(
            directory: MemoryJournal.directory, upcasters: upcasters, storage: journal.storage)
        let events = try reader.all()
        #expect(events[0].version == 3)
        #expect(events[0].payload == Array("{\"a\":[1]}".utf8))
        #expect(events[1].version == 1)
        #expect(events[1].payload == Array("1".utf8))
    }

    @Test func `shows nothing that is not yet acknowledged, and nothing of half a batch`() throws {
        let before = try MemoryJournal.killed([1])
        let after = try MemoryJournal.killed([1, 3])
        let path = MemoryJournal.path(SegmentName.of(1))
        // A writer that holds the lock is in the middle of its write.
        let writer = try before.open()
        let bytes = try #require(after.storage.contents(path))
        before.storage.replace(path, with: bytes)
        #expect(try before.reader.all().map(\.sequence) == [1])
        #expect(try before.reader.head().sequence == 1)
        try writer.close()
        // Without one, a whole batch counts, and half of one does not.
        #expect(try MemoryJournal(after.storage).reader.all().map(\.sequence) == [1, 2, 3, 4])
        let end = try #require(try after.layout().first?.records[2].range.upperBound)
        after.storage.replace(path, with: Array(bytes[..<end]))
        after.storage.remove(MemoryJournal.path("head"))
        #expect(try after.reader.all().map(\.sequence) == [1])
    }

    @Test func `takes its time without holding up the writer, and follows it over segments`()
        async throws
    {
        let folder = try TemporaryFolder()
        var configuration = smallConfiguration()
        configuration.segmentSize = 4000
        let writer = try JournalWriter(directory: folder.path, configuration: configuration)
        let stream = try JournalReader(directory: folder.path).follow(from: 3)
        let reading = Task {
            var sequences: [UInt64] = []
            for try await batch in stream {
                sequences += batch.map(\.sequence)
                if sequences.count >= 58 { break }
            }
            return sequences
        }
        for number in 0..<20 as Range<UInt64> {
            _ = try await writer.append((1...3).map { draft(number * 3 + $0) })
        }
        #expect(try await reading.value == Array(3...60))
        try writer.close()
    }

    @Test func `that follows wakes up when told to stop, and when its time is over`() throws {
        let folder = try TemporaryFolder()
        let writer = try JournalWriter(directory: folder.path, configuration: smallConfiguration())
        let follower = try JournalReader(directory: folder.path).follower()
        #expect(try follower.next(milliseconds: 1) == nil)
        let thread = WorkThread { follower.stop() }
        #expect(try follower.next() == nil)
        thread?.join()
        try writer.close()
    }
}
