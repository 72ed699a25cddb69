import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

/// Flips single bits of a journal whose records were all acknowledged.
@Suite struct `A flipped bit` {
    /// About 64 KB when everything is tried; a few records otherwise.
    static func journal() throws -> MemoryJournal {
        let batches = isExhaustive ? [Int](repeating: 1, count: 60) + [3, 30, 20] : [1, 3, 1]
        return try .killed(batches, segmentSize: isExhaustive ? 20_000 : 1500)
    }

    @Test func `is noticed and named wherever it is, and every other record can be read`() throws {
        let journal = try Self.journal()
        #expect(try journal.verify().isOK)
        let layout = try journal.layout()
        #expect(layout.count > 1)
        let all = layout.flatMap(\.records).map(\.sequence)
        var tried = 0
        for (path, records) in layout {
            let size = journal.storage.contents(path)?.count ?? 0
            for bit in 0..<size * 8 {
                // Otherwise one bit of every second byte, each of the eight in turn.
                if !isExhaustive, bit / 8 % 2 != 0 || bit % 8 != bit / 16 * 5 % 8 { continue }
                tried += 1
                journal.storage.flip(path, bit: bit)
                defer { journal.storage.flip(path, bit: bit) }
                let hit = records.first { $0.range.contains(bit / 8) }
                let report = try journal.verify()
                guard let hit else {
                    // In the reserved room: something is there that no record is. Only the last
                    // segment may hold a write that was never acknowledged.
                    #expect(report.tornTail != nil || !report.isOK, "bit \(bit) of \(path)")
                    continue
                }
                let named = report.damages.contains { damage in
                    damage.sequence == hit.sequence && damage.offset == hit.range.lowerBound
                        && Self.directoryPath(damage.segment) == path
                }
                let salvaged = try journal.salvage()
                let isRight =
                    !report.isOK && named && salvaged.damages.count == 1
                    && salvaged.sequences == all.filter { $0 != hit.sequence }
                #expect(isRight, "bit \(bit) of \(path): \(report.damages) \(salvaged)")
                if !isRight { return }
            }
        }
        #expect(tried > 1500)
    }

    @Test func `stops the writer from opening, unless the damage is accepted`() throws {
        var journal = try Self.journal()
        let layout = try journal.layout()
        let last = try #require(layout.last)
        let record = try #require(last.records.first)
        let all = layout.flatMap(\.records).map(\.sequence)
        for bit in stride(
            from: record.range.lowerBound * 8, to: record.range.upperBound * 8, by: 97)
        {
            let storage = journal.storage.copy()
            storage.flip(last.path, bit: bit)
            journal = MemoryJournal(storage, segmentSize: 1500)
            let before = storage.contents(last.path)
            do {
                try journal.open().close()
                Issue.record("opened with bit \(bit) flipped")
            } catch JournalError.damaged(let damages) {
                #expect(damages.first?.sequence == record.sequence)
                #expect(damages.first?.offset == record.range.lowerBound)
            }
            #expect(storage.contents(last.path) == before)

            journal.configuration.acceptDamage = true
            let writer = try journal.open()
            #expect(writer.recovery.accepted.count == 1)
            _ = try writer.appendBlocking([draft(99)])
            try writer.close()
            #expect(storage.contents(last.path) == before)
            let sequences = try journal.salvage().sequences
            let end = try #require(all.last)
            #expect(
                sequences == all.filter { $0 != record.sequence } + [end + 1, end + 2, end + 3])
            // From then on it opens without being told again.
            journal.configuration.acceptDamage = false
            try journal.open().close()
            storage.flip(last.path, bit: bit)
            journal = try Self.journal()
        }
    }

    @Test func `in the head file is noticed, and its other copy serves`() throws {
        let journal = try Self.journal()
        let path = MemoryJournal.path("head")
        for bit in 0..<1024 * 8 {
            journal.storage.flip(path, bit: bit)
            defer { journal.storage.flip(path, bit: bit) }
            let report = try journal.verify()
            // What the damaged copy names is known, unless it is that number which is damaged.
            let isNumber = (30..<50).contains(bit / 8 % 512)
            #expect(
                report.headEvidence == (isNumber ? .newerCopyUnknown : .oneCopyDamaged),
                "bit \(bit)")
            #expect(report.isOK == !isNumber && report.damages.isEmpty, "bit \(bit)")
        }
    }

    private static func directoryPath(_ segment: String) -> FilePath { MemoryJournal.path(segment) }
}
