import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization
import Testing

/// Fails the first, second, third … call to the disk, until a run reaches no such call, in every
/// way that a disk fails; then opens what a kill and what a power cut leave, and compares with what
/// was acknowledged.
@Suite struct `Every call to the disk may fail` {
    struct Way: Sendable, CustomTestStringConvertible {
        let name: String
        let fault: MemoryStorage.Fault
        let forever: Bool
        var testDescription: String { name }
    }

    static let ways: [Way] = [
        Way(name: "EIO once", fault: .error(EIO), forever: false),
        Way(name: "EIO for ever", fault: .error(EIO), forever: true),
        Way(name: "ENOSPC once", fault: .error(ENOSPC), forever: false),
        Way(name: "ENOSPC until there is room", fault: .error(ENOSPC), forever: true),
        Way(name: "EINTR once", fault: .error(EINTR), forever: false),
        Way(name: "a short write", fault: .short, forever: false),
        Way(name: "short writes for ever", fault: .short, forever: true),
        Way(name: "a torn write", fault: .torn, forever: false),
        Way(name: "torn writes for ever", fault: .torn, forever: true),
    ]

    @Test(arguments: ways)
    func `and nothing acknowledged is lost, doubled or half there`(way: Way) throws {
        var random = Seeded(7)
        var reached = 0
        while true {
            // A journal with a history and a torn tail, so that recovery is swept too.
            let storage = try Self.start()
            storage.arm(
                MemoryStorage.Plan(at: reached, fault: way.fault, forever: way.forever))
            let run = Run()
            run.append(to: MemoryJournal(storage, segmentSize: 2600))
            let calls = storage.calls
            storage.arm(nil)
            try Self.check(storage.copy(), run, "killed at \(reached)")
            try Self.check(storage.powerCut(&random), run, "power cut at \(reached)")
            if calls <= reached { break }
            reached += 1
        }
        #expect(reached > 30)
    }

    private static func start() throws -> MemoryStorage {
        let before = try MemoryJournal.killed([1, 2], segmentSize: 2600)
        let path = MemoryJournal.path(SegmentName.of(1))
        let end = try #require(try before.layout().last?.records.last?.range.upperBound)
        var bytes = try #require(before.storage.contents(path))
        bytes.replaceSubrange(end..<end + 20, with: Array("{\"crc\":\"00000000\",\"l".utf8))
        before.storage.replace(path, with: bytes)
        return before.storage
    }

    /// Appends until something fails, and remembers what was answered.
    private final class Run {
        var acknowledged: [EventID] = (1...3).map { EventID(high: 7, low: $0) }
        var inFlight: [EventID] = []
        var error: JournalError?

        func append(to journal: MemoryJournal) {
            do throws(JournalError) {
                let writer = try JournalWriter(
                    directory: MemoryJournal.directory, configuration: journal.configuration)
                writer.onCondition = { condition in
                    // Somebody makes room: it goes on by itself.
                    if case .diskFull = condition { journal.storage.arm(nil) }
                }
                for (index, count) in [1, 3, 1, 2, 1].enumerated() {
                    let batch = (0..<UInt64(count)).map {
                        draft(UInt64(10 * (index + 1)) + $0, payload: "\(index)")
                    }
                    inFlight = batch.map(\.id)
                    let events = try writer.appendBlocking(batch)
                    acknowledged += events.map(\.id)
                    inFlight = []
                }
                try writer.close()
            } catch {
                self.error = error
            }
        }
    }

    private static func check(_ storage: MemoryStorage, _ run: Run, _ what: String) throws {
        let journal = MemoryJournal(storage, segmentSize: 2600)
        let writer = try journal.open()
        _ = try writer.appendBlocking([draft(1000)])
        try writer.close()
        let events = try journal.reader.all().filter { !$0.type.hasPrefix("journal.") }.map(\.id)
        let after = EventID(high: 7, low: 1000)
        let isRight =
            events == run.acknowledged + [after]
            || events == run.acknowledged + run.inFlight + [after]
        #expect(isRight, "\(what): \(events.map(\.short)) \(String(describing: run.error))")
        let report = try journal.verify()
        #expect(report.isOK, "\(what): \(report.damages)")
        #expect(report.tornTail == nil)
    }

    @Test func `a full disk holds the batches until there is room`() throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        _ = try writer.appendBlocking([draft(1)])
        journal.storage.setRoom(3000)
        let conditions = Mutex<[String]>([])
        writer.onCondition = { condition in
            conditions.withLock { $0.append("\(condition)".prefix(8).description) }
            if case .diskFull = condition { journal.storage.setRoom(.max) }
        }
        for number in 2...20 as ClosedRange<UInt64> {
            _ = try writer.appendBlocking([draft(number)])
        }
        try writer.close()
        #expect(conditions.withLock { $0 } == ["diskFull", "writing"])
        #expect(try journal.reader.all().count == 21)
    }

    @Test func `a full disk does not keep the writer from closing`() throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        _ = try writer.appendBlocking([draft(1)])
        journal.storage.setRoom(0)
        let isFull = Mutex(false)
        writer.onCondition = { condition in
            if case .diskFull = condition { isFull.withLock { $0 = true } }
        }
        let answer = Mutex<[String]>([])
        let drafts = (2...5).map { draft($0, payload: "\"\(String(repeating: "x", count: 500))\"") }
        let thread = WorkThread {
            do {
                _ = try writer.appendBlocking(drafts)
            } catch { answer.withLock { $0.append("\(error)") } }
        }
        while !isFull.withLock({ $0 }) { sched_yield() }
        try? writer.close()
        thread?.join()
        #expect(answer.withLock { $0 } == ["the disk is full"])
        let after = MemoryJournal(journal.storage.copy())
        #expect(try after.reader.all().count == 1)
    }

    @Test func `a writer on a full disk gives up when nobody wants to wait`() throws {
        var journal = MemoryJournal()
        let isWanted = Mutex(true)
        journal.configuration.givesUp = { isWanted.withLock { !$0 } }
        let writer = try journal.open()
        _ = try writer.appendBlocking([draft(1)])
        journal.storage.setRoom(0)
        writer.onCondition = { condition in
            if case .diskFull = condition { isWanted.withLock { $0 = false } }
        }
        let long = draft(2, payload: "\"\(String(repeating: "x", count: 5000))\"")
        for number in 2...3 as ClosedRange<UInt64> {
            do {
                _ = try writer.appendBlocking([number == 2 ? long : draft(number)])
                Issue.record("there is no room")
            } catch { #expect("\(error)" == "the disk is full") }
        }
        try writer.close()
        let after = MemoryJournal(journal.storage.copy())
        #expect(try after.reader.all().count == 1)
        #expect(try after.verify().isOK)
    }

    @Test func `after a failed sync nothing is written any more`() throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        _ = try writer.appendBlocking([draft(1)])
        // The next two calls are the write and its sync.
        journal.storage.arm(MemoryStorage.Plan(at: 1, fault: .error(EIO)))
        #expect(throws: JournalError.self) { try writer.appendBlocking([draft(2)]) }
        let calls = journal.storage.calls
        #expect(throws: JournalError.self) { try writer.appendBlocking([draft(3)]) }
        #expect(throws: JournalError.self) { try writer.close() }
        #expect(journal.storage.calls == calls)
        guard case .stopped = writer.condition else {
            Issue.record("the writer goes on")
            return
        }
    }
}
