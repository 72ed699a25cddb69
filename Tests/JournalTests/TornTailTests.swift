import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

/// What a crash leaves of a write that was never acknowledged.
@Suite struct `A torn tail` {
    @Test(arguments: [1, 3])
    func `is cut to the last whole batch, kept aside, and the cut is recorded`(count: Int) throws {
        let before = try MemoryJournal.killed([1, 2])
        let after = try MemoryJournal.killed([1, 2, count])
        let path = MemoryJournal.path(SegmentName.of(1))
        let old = try #require(before.storage.contents(path))
        let new = try #require(after.storage.contents(path))
        let start = try #require(try before.layout().last?.records.last?.range.upperBound)
        let end = try #require(try after.layout().last?.records.last?.range.upperBound)
        for cut in start...end {
            for isFilled in [true, false] {
                var bytes = Array(new[..<cut])
                // The rest of the file: reserved room as it was, or the file ends there.
                if isFilled, cut < old.count { bytes += old[cut...] }
                let storage = before.storage.copy()
                storage.replace(path, with: bytes)
                let journal = MemoryJournal(storage)
                #expect(try journal.verify().isOK, "cut at \(cut)")
                let writer = try journal.open()
                try writer.close()
                let events = try journal.reader.all()
                let kept = events.filter { !$0.type.hasPrefix("journal.") }.count
                // A batch without its last newline is whole if the room after it begins with one.
                let isWhole = cut == end || cut == end - 1 && bytes.count > cut
                #expect(kept == (isWhole ? 3 + count : 3), "cut at \(cut)")
                let isCut = cut > start && !isWhole
                #expect((writer.recovery.cut != nil) == isCut, "cut at \(cut)")
                #expect(events.contains { $0.type == "journal.recovered" } == isCut)
                if let report = writer.recovery.cut {
                    #expect(report.offset == start)
                    // The newlines at the end are not told from reserved room.
                    let torn = new[start..<cut].reversed().drop { $0 == 10 }.reversed()
                    #expect(storage.contents(report.keptAs) == Array(torn))
                }
                #expect(try journal.verify().isOK)
                #expect(try journal.verify().tornTail == nil)
            }
        }
    }

    @Test
    func `with a valid record after a bad one is still torn, when both were never acknowledged`()
        throws
    {
        let before = try MemoryJournal.killed([2])
        let after = try MemoryJournal.killed([2, 3])
        let path = MemoryJournal.path(SegmentName.of(1))
        let records = try #require(try after.layout().first?.records)
        var bytes = try #require(after.storage.contents(path))
        bytes[records[2].range.lowerBound + 400] ^= 1
        before.storage.replace(path, with: bytes)
        let writer = try before.open()
        try writer.close()
        #expect(writer.recovery.cut?.offset == records[1].range.upperBound)
        #expect(writer.recovery.head.sequence == 3)
        #expect(try before.verify().isOK)
    }

    @Test func `cut at every offset of the log never opens with an acknowledged record gone`()
        throws
    {
        let whole = try MemoryJournal.killed([1, 2, 1])
        let path = MemoryJournal.path(SegmentName.of(1))
        let bytes = try #require(whole.storage.contents(path))
        let end = try #require(try whole.layout().last?.records.last?.range.upperBound)
        for cut in 0..<end {
            let storage = whole.storage.copy()
            storage.replace(path, with: Array(bytes[..<cut]))
            let journal = MemoryJournal(storage)
            #expect(try !journal.verify().isOK, "cut at \(cut)")
            #expect(throws: JournalError.self, "cut at \(cut)") { try journal.open().close() }
        }
    }

    @Test func `a removed segment and a removed log are noticed`() throws {
        let journal = try MemoryJournal.killed([1, 1, 1, 1, 1, 1], segmentSize: 1500)
        let segments = try journal.layout().map(\.path)
        #expect(segments.count >= 3)
        for segment in segments {
            let storage = journal.storage.copy()
            storage.remove(segment)
            let damaged = MemoryJournal(storage)
            let report = try damaged.verify()
            #expect(!report.isOK)
            #expect(throws: JournalError.self) { try damaged.reader.all() }
            #expect(try damaged.salvage().damages.count == 1)
        }
        let storage = journal.storage.copy()
        for segment in segments { storage.remove(segment) }
        #expect(try !MemoryJournal(storage).verify().isOK)
        #expect(throws: JournalError.self) { try MemoryJournal(storage).open() }
    }
}
