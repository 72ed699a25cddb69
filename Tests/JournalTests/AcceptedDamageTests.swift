import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization
import Testing

/// Damage that somebody accepted is the bytes that lay there, and nothing else.
@Suite struct `Accepted damage` {
    /// A journal of several segments in which a record in the middle of one was damaged and accepted.
    private static func journal(
        damaging record: Int
    ) throws -> (MemoryJournal, [(sequence: UInt64, range: Range<Int>)], FilePath) {
        let journal = MemoryJournal(segmentSize: 4000)
        try journal.fill([Int](repeating: 1, count: 12))
        let segment = try #require(try journal.layout().first)
        try #require(segment.records.count > record + 2)
        flip(journal, segment.path, in: segment.records[record].range)
        let damages = try journal.verify().damages
        let writer = try journal.open()
        let places = damages.map { journal.reader.accepting($0) }
        let accepted = JournalDamaged(damages: places)
        _ = try writer.appendBlocking([
            try EventDraft(accepted, id: EventID(high: 1, low: 1), actor: .system)
        ])
        try writer.close()
        return (journal, segment.records, segment.path)
    }

    private static func flip(_ journal: MemoryJournal, _ path: FilePath, in range: Range<Int>) {
        journal.storage.flip(path, bit: 8 * (range.upperBound - 20))
    }

    private static func read(_ journal: MemoryJournal) throws -> Int {
        let cursor = try journal.reader.cursor(damage: .accepted({ _ in }))
        var count = 0
        while try cursor.next() != nil { count += 1 }
        return count
    }

    private static func unaccepted(_ journal: MemoryJournal) throws -> [UInt64] {
        let accepted = try AcceptedDamage(journal.reader)
        return try journal.verify().damages.filter { !accepted.contains($0) }.map(\.sequence)
    }

    @Test func `is passed over as long as it stays what it was`() throws {
        let (journal, records, path) = try Self.journal(damaging: 2)
        let all = try Self.read(journal)
        #expect(all > 12)
        #expect(try Self.unaccepted(journal).isEmpty)
        // Other bytes at the same place are other damage.
        journal.storage.flip(path, bit: 8 * (records[2].range.lowerBound + 400))
        #expect(try Self.unaccepted(journal) == [records[2].sequence])
        #expect(throws: JournalError.self) { try Self.read(journal) }
    }

    @Test(arguments: [-1, 1])
    func `does not cover what is damaged right beside it`(_ side: Int) throws {
        let (journal, records, path) = try Self.journal(damaging: 2)
        Self.flip(journal, path, in: records[2 + side].range)
        #expect(try !Self.unaccepted(journal).isEmpty)
        #expect(throws: JournalError.self) { try Self.read(journal) }
    }

    @Test func `of an earlier program, which named no bytes, is known by its place`() throws {
        let (journal, records, path) = try Self.journal(damaging: 2)
        var old = JournalDamaged.Place(
            segment: path.name.description, sequence: records[2].sequence, offset: 0, flaw: "")
        old.end = nil
        let accepted = AcceptedDamage([old], in: journal.reader)
        journal.storage.flip(path, bit: 8 * (records[2].range.lowerBound + 400))
        let damage = try #require(try journal.verify().damages.first)
        #expect(accepted.contains(damage))
    }

    @Test func `at the end of a segment covers what is missing behind it`() throws {
        let journal = MemoryJournal(segmentSize: 4000)
        try journal.fill([Int](repeating: 1, count: 12))
        let segment = try #require(try journal.layout().first)
        let last = try #require(segment.records.last)
        Self.flip(journal, segment.path, in: last.range)
        let damage = try #require(try journal.verify().damages.first)
        let accepted = AcceptedDamage([journal.reader.accepting(damage)], in: journal.reader)
        #expect(accepted.covers(damage))
        let before = segment.records[segment.records.count - 2]
        Self.flip(journal, segment.path, in: before.range)
        let both = try #require(try journal.verify().damages.first)
        #expect(!accepted.covers(both))
    }
}

/// A reader that goes through many segments.
@Suite struct `Listing the segments` {
    @Test func `is done a few times, however many there are`() throws {
        let journal = MemoryJournal(segmentSize: 1500)
        try journal.fill([Int](repeating: 1, count: 60))
        #expect(try journal.layout().count > 25)
        let counting = CountingStorage(journal.storage)
        let reader = JournalReader(directory: MemoryJournal.directory, storage: counting)
        let cursor = try reader.cursor()
        var count = 0
        while try cursor.next() != nil { count += 1 }
        #expect(count == 61)
        #expect(counting.listings < 10)
        // What comes later is seen.
        try journal.fill([1, 1, 1], from: 70)
        while try cursor.next() != nil { count += 1 }
        #expect(count == 65)
    }
}
