import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization
import Testing

/// Appends whose events speak of bytes that go to the disk beside them, elsewhere.
@Suite struct `Events and what they speak of` {
    /// What a power cut in the middle of an append left.
    private struct Cut: Sendable {
        var storage: MemoryStorage
        var kept: Set<EventID>
        var isLineDurable: Bool
    }

    @Test(arguments: 0..<64)
    func `are there both or not at all after a power cut in between`(seed: Int) throws {
        var journal = MemoryJournal()
        // Room for all from the first on, so that an append is a write and a sync.
        journal.configuration.reserve = 1 << 16
        let (writer, storage) = (try journal.open(), journal.storage)
        _ = try writer.appendBlocking([draft(1)])
        let kept = Mutex<Set<EventID>>([draft(1).id])
        let found = Mutex<Cut?>(nil)
        let last = UInt64(2 + seed % 5)
        let (waitsForLine, isKept) = (seed & 1 == 0, seed & 2 == 0)
        for number in 1...last {
            let batch = (0...UInt64(seed % 3)).map { draft(10 * number + $0) }
            let calls = storage.calls
            let work: SideThread.Work = {
                if number < last || isKept { kept.withLock { $0.formUnion(batch.map(\.id)) } }
                guard number == last else { return }
                while waitsForLine, storage.calls < calls + 2 { sched_yield() }
                var random = Seeded(UInt64(seed))
                let cut = Cut(
                    storage: storage.powerCut(&random), kept: kept.withLock { $0 },
                    isLineDurable: waitsForLine)
                found.withLock { $0 = cut }
            }
            _ = try writer.appendBlocking(batch, with: Companion(force: work))
        }
        try writer.close()

        let cut = try #require(found.withLock { $0 })
        var after = MemoryJournal(cut.storage)
        after.configuration.isWhole = {
            cut.kept.contains($0.id) || $0.type.hasPrefix("journal.")
        }
        let again = try after.open()
        let ids = try after.reader.all().filter { !$0.type.hasPrefix("journal.") }.map(\.id)
        let before =
            [draft(1).id]
            + (1..<last).flatMap { number in
                (0...UInt64(seed % 3)).map { draft(10 * number + $0).id }
            }
        #expect(Array(ids.prefix(before.count)) == before)
        #expect(ids.allSatisfy(cut.kept.contains))
        if cut.isLineDurable {
            #expect((ids.count > before.count) == isKept)
            #expect((again.recovery.cut != nil) == !isKept)
        }
        _ = try again.appendBlocking([draft(1000)])
        try again.close()
        let report = try after.verify()
        #expect(report.isOK, "\(report.damages)")
    }

    @Test func `what is proven to have been answered stays, whatever became of it`() throws {
        var journal = try MemoryJournal.killed([1, 2, 1])
        journal.configuration.isWhole = { $0.type.hasPrefix("journal.") }
        // The file that names the head says that the last append was answered.
        let writer = try journal.open()
        #expect(writer.recovery.cut == nil)
        _ = try writer.appendBlocking([draft(5)])
        try writer.close()
        // And so does a watermark, without that file.
        journal.storage.remove(MemoryJournal.path("head"))
        let again = try journal.open()
        #expect(again.recovery.cut == nil)
        try again.close()
        let ids = try journal.reader.all().map(\.id.low)
        #expect(Set(ids).isSuperset(of: [1, 2, 3, 4, 5]))
    }

    @Test(arguments: [false, true])
    func `are refused from then on when the work beside them fails`(isHandedOver: Bool) throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        #expect(throws: JournalError.self) {
            let work: SideThread.Work = { () throws(SystemError) in
                throw SystemError(.inputOutput, "fsync")
            }
            let companion = Companion(force: work, handOver: isHandedOver ? work : nil)
            _ = try writer.appendBlocking([draft(1)], with: companion)
        }
        #expect(throws: JournalError.self) { try writer.appendBlocking([draft(2)]) }
        #expect(throws: JournalError.self) { try writer.close() }
    }

    @Test func `are forced after what was handed over before them`() throws {
        var journal = MemoryJournal()
        // Room for all from the first on.
        journal.configuration.reserve = 1 << 16
        let writer = try journal.open()
        _ = try writer.appendBlocking([draft(1)])
        let storage = journal.storage
        let order = Mutex<[Int]>([])
        let companion = Companion(
            force: { order.withLock { $0.append(-1) } },
            handOver: { order.withLock { $0.append(storage.calls) } })
        for number in 2...4 as ClosedRange<UInt64> {
            let calls = storage.calls
            _ = try writer.appendBlocking([draft(number)], with: companion)
            // After the write, before the sync.
            #expect(order.withLock { $0.last } == calls + 1)
            #expect(storage.calls >= calls + 2)
        }
        try writer.close()
        #expect(order.withLock { $0.count } == 3)
    }
}
