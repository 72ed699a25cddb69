import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization
import Testing

@Suite struct `Near the end of the disk` {
    /// Far more at once than there is room for.
    private static let reserve = 64 << 10

    private static func journal(segmentSize: Int = 1 << 20) -> MemoryJournal {
        var journal = MemoryJournal(segmentSize: segmentSize)
        journal.configuration.reserve = reserve
        return journal
    }

    /// What a record of these tests takes at most.
    private static let line = 1000

    /// Appends until the disk is full, then makes room. Returns how many bytes were free at that
    /// moment, for each time that it was full, and appends one more.
    private static func appendUntilFull(_ journal: MemoryJournal) throws -> [Int] {
        let storage = journal.storage
        let free = Mutex<[Int]>([])
        let writer = try journal.open()
        writer.onCondition = { condition in
            guard case .diskFull = condition else { return }
            free.withLock { $0.append(storage.free) }
            storage.setRoom(.max)
        }
        var number: UInt64 = 0
        while free.withLock(\.isEmpty) {
            number += 1
            try #require(number < 5000)
            _ = try writer.appendBlocking([draft(number)])
        }
        try writer.close()
        #expect(try journal.verify().isOK)
        let events = try journal.reader.all()
        #expect(events.filter { $0.type == "data.accepted" }.map(\.id.low) == Array(1...number))
        return free.withLock { $0 }
    }

    @Test(arguments: [true, false])
    func `records are appended as long as they fit`(isTold: Bool) throws {
        let journal = Self.journal()
        journal.storage.setRoom(Self.reserve + 20_000, isTold: isTold)
        let free = try Self.appendUntilFull(journal)
        #expect(free.count == 1)
        #expect(free[0] < Self.line, "so much was left, and a record waited")
    }

    @Test(arguments: [true, false])
    func `the next segment is as small as it has to be`(isTold: Bool) throws {
        let journal = Self.journal(segmentSize: 16 << 10)
        journal.storage.setRoom(Self.reserve + 20_000, isTold: isTold)
        let free = try Self.appendUntilFull(journal)
        #expect(free.count == 1)
        #expect(free[0] < Self.line)
        #expect(try journal.layout().count >= 2)
    }

    @Test(arguments: [true, false])
    func `what a segment in the making holds is given to the records`(isTold: Bool) throws {
        var journal = Self.journal(segmentSize: 256 << 10)
        journal.configuration.reserve = 8 << 10
        journal.configuration.preparesSegments = true
        journal.storage.setRoom(60_000, isTold: isTold)
        let free = try Self.appendUntilFull(journal)
        #expect(free.count == 1)
        #expect(free[0] < Self.line)
    }

    @Test func `what a killed writer left of the next segment is given back`() throws {
        let journal = Self.journal()
        let name = MemoryJournal.path("next.tmp")
        journal.storage.replace(name, with: [UInt8](repeating: 10, count: 5000))
        try journal.open().close()
        #expect(journal.storage.contents(name) == nil)
    }

    @Test(arguments: [true, false])
    func `a batch is written as soon as it fits, and takes nothing before`(isTold: Bool) throws {
        let journal = Self.journal()
        let storage = journal.storage
        let writer = try journal.open()
        let states = Mutex<[String]>([])
        let left = 3000
        writer.onCondition = { condition in
            switch condition {
            case .diskFull:
                states.withLock { $0.append("full, \(storage.free) free") }
                // Enough for the batch, and not for a piece.
                storage.setRoom(Self.reserve + 2048 + 30_000, isTold: isTold)
            default: states.withLock { $0.append("writing") }
            }
        }
        storage.setRoom(Self.reserve + 2048 - 1024 + left, isTold: isTold)
        let text = String(repeating: "x", count: Self.reserve + 20_000)
        _ = try writer.appendBlocking([draft(1, payload: "\"\(text)\"")])
        try writer.close()
        #expect(states.withLock { $0.count } == 2)
        #expect(states.withLock { $0.last } == "writing")
        #expect(states.withLock { $0.first } == "full, \(left) free")
        #expect(try journal.reader.all().count == 2)
    }

    @Test func `the system tells how much room there is`() throws {
        let folder = try TemporaryFolder()
        let storage = LinuxStorage()
        let file = try FileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
        #expect(try #require(storage.freeRoom(file.raw)) > 0)
    }
}
