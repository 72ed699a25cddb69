import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

/// What the file `head` proves of the end of a journal, and what is said when it cannot.
@Suite struct `The head beside a journal` {
    private static let head = MemoryJournal.path("head")

    /// Cuts records from the end of the only segment, at the boundary of a record.
    private static func cut(_ journal: MemoryJournal, after sequence: UInt64) throws {
        let segment = try #require(try journal.layout().first)
        let end = try #require(segment.records.first { $0.sequence == sequence }).range.upperBound
        let bytes = try #require(journal.storage.contents(segment.path))
        journal.storage.replace(segment.path, with: Array(bytes.prefix(end)))
    }

    @Test func `is missed where there are records`() throws {
        let journal = try MemoryJournal.killed([Int](repeating: 1, count: 30))
        try Self.cut(journal, after: 10)
        #expect(try journal.verify().damages.map(\.flaw) == [.removed(through: 30)])
        journal.storage.remove(Self.head)
        let report = try journal.verify()
        #expect(!report.isOK && report.headEvidence == .missing && report.damages.isEmpty)
        #expect(report.head.sequence == 10)
    }

    @Test(arguments: [JournalRecovered.HeadLoss.missing, .damaged])
    func `is made anew only after the log says that it was lost`(
        _ loss: JournalRecovered.HeadLoss
    ) throws {
        let journal = try MemoryJournal.killed([1, 1, 1])
        if loss == .missing {
            journal.storage.remove(Self.head)
        } else {
            journal.storage.replace(Self.head, with: [UInt8](repeating: 0, count: 1024))
        }
        #expect(try journal.verify().headEvidence.rawValue == loss.rawValue)
        // Whoever is killed before the new head is there has written it down already.
        let early = MemoryJournal(journal.storage.copy())
        let refusing = RefusingHead(base: early.storage)
        var configuration = early.configuration
        configuration.storage = refusing
        #expect(throws: JournalError.self) {
            try JournalWriter(directory: MemoryJournal.directory, configuration: configuration)
        }
        #expect(try early.verify().headEvidence.rawValue == loss.rawValue)
        let told = try #require(try early.reader.all().last)
        #expect(told.payload(as: JournalRecovered.self)?.last == 3)

        let writer = try journal.open()
        #expect(writer.recovery.headLoss?.headFile == loss)
        try writer.close()
        let event = try #require(try journal.reader.all().first { $0.sequence == 4 })
        #expect(event.actor == .system)
        let payload = event.payload(as: JournalRecovered.self)
        #expect(payload?.headFile == loss && payload?.last == 3)
        let report = try journal.verify()
        #expect(report.isOK && report.headEvidence == .whole)
        // And once only.
        let again = try journal.open()
        #expect(again.recovery.headLoss == nil)
        try again.close()
    }

    @Test func `is not missed in a journal without records`() throws {
        let journal = MemoryJournal()
        #expect(try journal.verify().headEvidence == .noRecords)
        let writer = try journal.open()
        #expect(writer.recovery.headLoss == nil)
        try writer.close()
        journal.storage.remove(Self.head)
        #expect(try journal.verify().isOK)
        let again = try journal.open()
        #expect(again.recovery.headLoss == nil)
        _ = try again.appendBlocking([draft(1)])
        try again.close()
        #expect(try journal.reader.all().map(\.type) == ["data.accepted", "journal.watermark"])
    }

    @Test func `is not all that tells: an index names records that are gone`() throws {
        let folder = try TemporaryFolder()
        var configuration = smallConfiguration()
        configuration.segmentSize = 3000
        let writer = try JournalWriter(directory: folder.path, configuration: configuration)
        for number in 1...20 as ClosedRange<UInt64> {
            _ = try writer.appendBlocking([draft(number)])
        }
        try waitForIndexes(in: folder.path)
        try writer.close()
        let names = try Files.names(in: folder.path).map(\.string).sorted()
        let last = try #require(names.filter { $0.hasSuffix(".jsonl") }.dropFirst().first)
        // The segments from the second on go, and the head; the indexes stay.
        for name in names where name == "head" || name.hasSuffix(".jsonl") && name >= last {
            try Files.unlink(folder.path.appending(name))
        }
        let report = try JournalVerifier.verify(folder.path)
        let damage = try #require(report.damages.first)
        guard case .removed(let through) = damage.flaw else {
            Issue.record("\(damage)")
            return
        }
        #expect(through > report.head.sequence && !report.isOK)
        #expect(throws: JournalError.self) {
            try JournalWriter(directory: folder.path, configuration: configuration)
        }
        configuration.acceptDamage = true
        let accepting = try JournalWriter(directory: folder.path, configuration: configuration)
        let event = try accepting.appendBlocking([draft(99)])
        #expect(event.first?.sequence ?? 0 > through)
        try accepting.close()
    }

    /// They are made behind the writer's back, which does not wait for them when it is closed.
    private func waitForIndexes(in folder: FilePath) throws {
        let limit = ContinuousClock.now + .seconds(120)
        while true {
            let names = try Files.names(in: folder).map(\.string)
            let sealed = Set(names.filter { $0.hasSuffix(".jsonl") }.sorted().dropLast())
            if sealed.allSatisfy({ names.contains($0.replacing(".jsonl", with: ".index")) }) {
                return
            }
            try #require(ContinuousClock.now < limit, "the indexes are not made: \(names)")
            sched_yield()
        }
    }

    @Test func `has two copies, and one of them is enough when it is the newer`() throws {
        // The copies name records 2 and 3.
        let journal = try MemoryJournal.killed([1, 1, 1])
        let bytes = try #require(journal.storage.contents(Self.head))
        let newer = bytes[30..<50].elementsEqual("00000000000000000003".utf8) ? 0 : 512
        func state(erasing slot: Int) throws -> VerificationReport {
            var damaged = bytes
            for index in slot..<slot + 200 { damaged[index] = 0x20 }
            journal.storage.replace(Self.head, with: damaged)
            return try journal.verify()
        }
        let unknown = try state(erasing: newer)
        #expect(unknown.headEvidence == .newerCopyUnknown && !unknown.isOK)
        // What is left of the older one names a record that is there.
        var damaged = bytes
        damaged[512 - newer + 8] ^= 1
        journal.storage.replace(Self.head, with: damaged)
        let known = try journal.verify()
        #expect(known.headEvidence == .oneCopyDamaged && known.isOK)
        let writer = try journal.open()
        #expect(writer.recovery.isHeadHalf && writer.recovery.headLoss == nil)
        try writer.close()
        #expect(try journal.verify().headEvidence == .whole)
    }
}

/// A disk on which no file `head` can be made or opened for writing.
private struct RefusingHead: WrappedStorage {
    let base: MemoryStorage

    func open(_ path: FilePath, _ flags: CInt, mode: UInt32) throws(SystemError) -> CInt {
        if path.name == FilePath("head"), flags & O_ACCMODE != O_RDONLY {
            throw SystemError(.access, "open")
        }
        return try base.open(path, flags, mode: mode)
    }
}

/// What `--since-head` says.
@Suite struct `An older head` {
    private static func journal() throws -> (MemoryJournal, [JournalHead]) {
        let journal = MemoryJournal(segmentSize: 3000)
        var heads = [JournalHead.empty]
        let writer = try journal.open()
        for number in 1...12 as ClosedRange<UInt64> {
            _ = try writer.appendBlocking([draft(number, payload: "\(number)")])
            heads.append(writer.head)
        }
        try writer.close()
        return (journal, heads)
    }

    private static func damage(_ journal: MemoryJournal, _ sequence: UInt64) throws {
        for (path, records) in try journal.layout() {
            guard let record = records.first(where: { $0.sequence == sequence }) else { continue }
            journal.storage.flip(path, bit: 8 * (record.range.lowerBound + 400))
        }
    }

    @Test func `is extended where all that follows is bound to it`() throws {
        let (journal, heads) = try Self.journal()
        #expect(heads.count == 13)
        for head in heads { #expect(try journal.verify(sinceHead: head).headProof == .extends) }
    }

    @Test(arguments: 2...11 as ClosedRange<UInt64>)
    func `is proven up to the damage that follows, and not farther`(_ bad: UInt64) throws {
        let (journal, heads) = try Self.journal()
        try Self.damage(journal, bad)
        for head in heads {
            let report = try journal.verify(sinceHead: head)
            // That of the damaged record itself is named by the next one.
            #expect(
                report.headProof == (head.sequence < bad ? .broken(after: bad - 1) : .extends),
                "\(head.sequence)")
            #expect(!report.isOK)
        }
        let other = JournalHead(sequence: bad, hash: heads[1].hash)
        #expect(try journal.verify(sinceHead: other).headProof == .otherHistory)
    }

    @Test func `of two damaged records in a row is not provable`() throws {
        let (journal, heads) = try Self.journal()
        try Self.damage(journal, 6)
        for (path, records) in try Self.journal().0.layout() {
            guard let record = records.first(where: { $0.sequence == 5 }) else { continue }
            journal.storage.flip(path, bit: 8 * (record.range.lowerBound + 400))
        }
        #expect(try journal.verify(sinceHead: heads[5]).headProof == .unreadable)
        #expect(try journal.verify(sinceHead: heads[6]).headProof == .extends)
    }

    @Test func `beyond the end, or of nothing, is told from another history`() throws {
        let (journal, heads) = try Self.journal()
        let end = try journal.reader.head().sequence
        let later = JournalHead(sequence: end + 8, hash: heads[1].hash)
        #expect(try journal.verify(sinceHead: later).headProof == .shorter(last: end))
        let nothing = JournalHead(sequence: 0, hash: heads[1].hash)
        #expect(try journal.verify(sinceHead: nothing).headProof == .otherHistory)
        let other = JournalHead(sequence: 4, hash: heads[5].hash)
        #expect(try journal.verify(sinceHead: other).headProof == .otherHistory)
        #expect(try journal.verify(sinceHead: other).extendsHead == false)
    }
}
