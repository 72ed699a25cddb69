import Journal
import LinuxSystem
import Millrace
import Synchronization
import Testing

@Suite struct `Many at once` {
    /// Callers that block, callers that do not, and followers; with the thread sanitizer this is where
    /// it looks.
    @Test func `append and follow, and each batch is there once, whole, in one order for all`()
        async throws
    {
        let folder = try TemporaryFolder()
        var configuration = smallConfiguration()
        configuration.segmentSize = 32 << 10
        configuration.quietMilliseconds = 1
        let writer = try JournalWriter(directory: folder.path, configuration: configuration)
        let heard = Heard()
        writer.onCommit = { heard.add($0) }
        let answered = Heard()
        let reader = JournalReader(directory: folder.path)
        let total = 6 * 25 * 2
        let followed = Mutex<[[UInt64]]>([])
        let followers = try (0..<2).map { _ in
            let follower = try reader.follower(from: 1)
            return WorkThread {
                var seen: [UInt64] = []
                var ours = 0
                while ours < total, let batch = try? follower.next() {
                    seen += batch.map(\.sequence)
                    ours += batch.filter { $0.type == "data.accepted" }.count
                }
                followed.withLock { $0.append(seen) }
            }
        }
        let threads = (0..<3 as Range<UInt64>).map { lane in
            WorkThread {
                for step in 0..<25 as Range<UInt64> {
                    let number = 1000 * lane + 2 * step
                    let events = try? writer.appendBlocking([draft(number), draft(number + 1)])
                    answered.add(events ?? [])
                }
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 3..<6 as Range<UInt64> {
                group.addTask {
                    for step in 0..<25 as Range<UInt64> {
                        let number = 1000 * lane + 2 * step
                        let events = try await writer.append([draft(number), draft(number + 1)])
                        answered.add(events)
                    }
                }
            }
            try await group.waitForAll()
        }
        for thread in threads + followers { thread?.join() }
        try writer.close()
        let all = try reader.all()
        #expect(all == heard.events)
        let ours = all.filter { $0.type == "data.accepted" }
        #expect(ours.count == total)
        #expect(answered.events.sorted { $0.sequence < $1.sequence } == ours)
        for pair in stride(from: 0, to: ours.count, by: 2) {
            #expect(ours[pair].sequence + 1 == ours[pair + 1].sequence)
            #expect(ours[pair].id.low + 1 == ours[pair + 1].id.low)
        }
        for seen in followed.withLock({ $0 }) {
            #expect(seen == Array(1...(seen.last ?? 1)))
        }
        #expect(followed.withLock { $0.count } == 2)
        #expect(try JournalVerifier.verify(folder.path).isOK)
    }

    @Test func `a watermark follows when it is quiet, whoever appended last`() throws {
        let folder = try TemporaryFolder()
        var configuration = smallConfiguration()
        configuration.quietMilliseconds = 5
        let writer = try JournalWriter(directory: folder.path, configuration: configuration)
        let follower = try JournalReader(directory: folder.path).follower(from: 1)
        for number in 1...3 as ClosedRange<UInt64> {
            _ = try writer.appendBlocking([draft(number)])
            while try follower.next()?.last?.type != "journal.watermark" {}
        }
        try writer.close()
        #expect(try JournalReader(directory: folder.path).all().count == 6)
    }
}
