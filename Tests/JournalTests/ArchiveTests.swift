import Checksums
import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization
import Testing

/// Old segments move to another directory, and the journal stays one.
@Suite struct `An archive` {
    static let directory = FilePath("/archive")

    /// A journal of several small segments, as a kill leaves it.
    static func journal(_ batches: Int = 24) throws -> MemoryJournal {
        let journal = MemoryJournal(segmentSize: 2600)
        let writer = try journal.open()
        for number in 1...UInt64(batches) { _ = try writer.appendBlocking([draft(number)]) }
        let copy = journal.storage.copy()
        try writer.close()
        return MemoryJournal(copy, segmentSize: 2600)
    }

    @discardableResult
    static func archive(
        _ journal: MemoryJournal, before sequence: UInt64, to directory: FilePath = Self.directory
    ) throws -> JournalArchived? {
        let writer = try journal.open()
        defer { try? writer.close() }
        return try JournalArchive.move(
            writer, in: MemoryJournal.directory, before: sequence, to: directory,
            storage: journal.storage)
    }

    /// The ids of what was appended, without what the journal writes itself.
    static func ids(_ reader: JournalReader) throws -> [UInt64] {
        try reader.all().filter { $0.actor != .system }.map(\.id.low)
    }

    static func names(_ journal: MemoryJournal, in directory: FilePath) throws -> [String] {
        try journal.storage.names(in: directory).map(\.description).filter {
            $0.hasSuffix(".jsonl")
        }
    }

    @Test func `takes whole segments, and readers go through it`() throws {
        let journal = try Self.journal()
        let before = try journal.reader.head()
        let first = try Self.names(journal, in: MemoryJournal.directory)
        let archived = try #require(try Self.archive(journal, before: 13))
        #expect(archived.last < 13)
        #expect(try Self.names(journal, in: Self.directory) == archived.segments.map(\.name))
        #expect(
            try Self.names(journal, in: MemoryJournal.directory).allSatisfy {
                $0 > archived.segments.last?.name ?? ""
            })
        #expect(Array(first.prefix(archived.segments.count)) == archived.segments.map(\.name))
        #expect(try Self.ids(journal.reader) == Array(1...24))
        for sequence in 1...26 as ClosedRange<UInt64> {
            #expect(try journal.reader.record(sequence)?.sequence == sequence)
        }
        let report = try journal.verify(sinceHead: before)
        #expect(report.isOK && report.extendsHead == true && report.first == 1)
        #expect(report.archive?.isRead == true)
        // Again, some elsewhere: the last event knows of all.
        let second = try #require(
            try Self.archive(journal, before: 19, to: FilePath("/elsewhere")))
        #expect(second.parts.map(\.directory) == ["/archive", "/elsewhere"])
        #expect(try Self.archive(journal, before: 19) == nil)
        #expect(try Self.ids(journal.reader) == Array(1...24))
        #expect(try journal.verify().isOK)
        // The segment in use stays, whatever is asked for.
        let third = try #require(
            try Self.archive(journal, before: .max, to: FilePath("/elsewhere")))
        #expect(third.parts.map(\.directory) == ["/archive", "/elsewhere"])
        #expect(try Self.names(journal, in: MemoryJournal.directory).count < 4)
        #expect(try Self.ids(journal.reader) == Array(1...24))
        #expect(try journal.verify().isOK)
        let writer = try journal.open()
        _ = try writer.appendBlocking([draft(25)])
        try writer.close()
        #expect(try Self.ids(journal.reader) == Array(1...25))
    }

    @Test func `has the indexes, and none stays where the segments were`() throws {
        let journal = try Self.journal()
        // The whole index of one that the writer made, and a piece, as it leaves behind when it is late.
        for name in ["00000000000000000001.index", "00000000000000000001-0.index"] {
            journal.storage.replace(MemoryJournal.path(name), with: [1, 2, 3])
        }
        let archived = try #require(try Self.archive(journal, before: 13))
        func indexes(_ directory: FilePath) throws -> [String] {
            try journal.storage.names(in: directory).map(\.description).filter {
                $0.hasSuffix(".index")
            }
        }
        #expect(
            try indexes(Self.directory)
                == archived.segments.map { $0.name.replacing(".jsonl", with: ".index") })
        #expect(try indexes(MemoryJournal.directory).isEmpty)
        #expect(try Self.ids(journal.reader) == Array(1...24))
        #expect(try journal.verify().isOK)
    }

    @Test func `out of reach leaves the rest provable, and says so`() throws {
        let journal = try Self.journal()
        let archived = try #require(try Self.archive(journal, before: 13))
        let first = try #require(archived.segments.first)
        let bytes = journal.storage.files().filter { $0.parent == Self.directory }.map {
            ($0, journal.storage.contents($0) ?? [])
        }
        for (path, _) in bytes { journal.storage.remove(path) }
        let report = try journal.verify()
        #expect(report.isOK && report.first == archived.last + 1)
        #expect(report.archive?.isRead == false)
        #expect(report.archive?.head.sequence == archived.last)
        #expect(throws: JournalError.self) { try journal.reader.all() }
        let later = try journal.reader.cursor(from: archived.last + 1)
        #expect(try later.next()?.sequence == archived.last + 1)
        let passing = try journal.reader.cursor(damage: .skip { _ in })
        #expect(try passing.next()?.sequence == archived.last + 1)
        let old = try #require(JournalHead(parsing: "2:" + String(repeating: "ab", count: 32)))
        let unproven = try journal.verify(sinceHead: old)
        #expect(unproven.headProof == .archived(through: archived.last) && !unproven.isOK)
        let end = try #require(archived.parts.last)
        let known = JournalHead(
            sequence: archived.last, hash: SHA256.Value(words: end.head.words))
        #expect(try journal.verify(sinceHead: known).headProof == .extends)
        let other = JournalHead(sequence: archived.last, hash: old.hash)
        #expect(try journal.verify(sinceHead: other).headProof == .otherHistory)
        // Another archive in its place is none.
        for (path, bytes) in bytes { journal.storage.replace(path, with: bytes) }
        let path = Self.directory.appending(first.name)
        journal.storage.flip(path, bit: 8 * 700)
        #expect(try !journal.verify().isOK)
        journal.storage.remove(path)
        #expect(try !journal.verify().damages.isEmpty || journal.verify().archive?.isRead == false)
    }

    @Test func `takes no segment that is damaged, and overwrites no other's`() throws {
        let journal = try Self.journal()
        let segment = try #require(try journal.layout().dropFirst().first)
        journal.storage.flip(segment.path, bit: 8 * (segment.records[0].range.lowerBound + 350))
        #expect(throws: JournalError.self) { try Self.archive(journal, before: 13) }
        #expect(try Self.names(journal, in: MemoryJournal.directory).first == SegmentName.of(1))
        let other = try Self.journal()
        other.storage.replace(Self.directory.appending(SegmentName.of(1)), with: [1, 2, 3])
        #expect(throws: JournalError.self) { try Self.archive(other, before: 13) }
        #expect(try Self.ids(other.reader) == Array(1...24))
        #expect(throws: JournalError.self) {
            try Self.archive(other, before: 13, to: FilePath("relative"))
        }
    }

    @Test func `takes nothing where what went there before is not, as without its disk`() throws {
        let journal = try Self.journal()
        let first = try #require(try Self.archive(journal, before: 9))
        let files = journal.storage.files().filter { $0.parent == Self.directory }.map {
            ($0, journal.storage.contents($0) ?? [])
        }
        for (path, _) in files { journal.storage.remove(path) }
        #expect(throws: JournalError.self) { try Self.archive(journal, before: 19) }
        #expect(try journal.verify().first == first.last + 1)
        for (path, bytes) in files { journal.storage.replace(path, with: bytes) }
        #expect(try Self.archive(journal, before: 19) != nil)
        #expect(try Self.ids(journal.reader) == Array(1...24))
    }

    @Test func `goes on in parts, each with an event of its own`() throws {
        let journal = try Self.journal()
        let writer = try journal.open()
        let cause = JournalArchive.Cause(
            id: EventID(high: 3, low: 3), correlation: EventID(high: 4, low: 4))
        var parts = 0
        while let archived = try JournalArchive.move(
            writer, in: MemoryJournal.directory, before: 19, to: Self.directory, atMost: 2,
            cause: cause, storage: journal.storage)
        {
            #expect(archived.segments.count <= 2 && archived.parts.count == 1)
            parts += 1
        }
        try writer.close()
        #expect(parts > 1)
        let events = try journal.reader.all().filter { $0.type == JournalArchived.type }
        #expect(events.count == parts && events.allSatisfy { $0.causation == cause.id })
        #expect(try Self.ids(journal.reader) == Array(1...24))
        #expect(try journal.verify().isOK)
    }

    static let ways: [(String, MemoryStorage.Fault, Bool)] = [
        ("EIO once", .error(EIO), false), ("EIO for ever", .error(EIO), true),
        ("ENOSPC for ever", .error(ENOSPC), true), ("a short write", .short, false),
        ("a torn write", .torn, false),
    ]

    @Test(arguments: 0..<5)
    func `loses nothing wherever it is interrupted`(way: Int) throws {
        let (name, fault, forever) = Self.ways[way]
        var random = Seeded(UInt64(way))
        var reached = 0
        while true {
            let journal = try Self.journal(12)
            let writer = try journal.open()
            // A full disk of the journal itself waits for room, which is another test's subject.
            writer.onCondition = { condition in
                if case .diskFull = condition { journal.storage.arm(nil) }
            }
            journal.storage.arm(MemoryStorage.Plan(at: reached, fault: fault, forever: forever))
            let result = Result {
                try JournalArchive.move(
                    writer, in: MemoryJournal.directory, before: 9, to: Self.directory,
                    storage: journal.storage)
            }
            let calls = journal.storage.calls
            journal.storage.arm(nil)
            let after = [
                ("killed", journal.storage.copy()),
                ("power cut", journal.storage.powerCut(&random)),
            ]
            try? writer.close()
            for (ending, storage) in after {
                let what = "\(name), \(ending) at \(reached)"
                let left = MemoryJournal(storage, segmentSize: 2600)
                #expect(try Self.ids(left.reader) == Array(1...12), "\(what)")
                // The next call does what is left to be done.
                try Self.archive(left, before: 9)
                #expect(try Self.ids(left.reader) == Array(1...12), "\(what)")
                let report = try left.verify()
                #expect(report.isOK && report.archive?.isRead == true, "\(what): \(report.damages)")
                #expect(
                    try Self.names(left, in: MemoryJournal.directory).first != SegmentName.of(1))
            }
            if calls <= reached {
                #expect(try result.get() != nil)
                break
            }
            reached += 1
        }
        #expect(reached > 12)
    }
}
