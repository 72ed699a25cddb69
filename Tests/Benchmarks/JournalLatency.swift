import Glibc
import Journal
import LinuxSystem
import Millrace
import Synchronization

extension JournalRun {
    /// From nothing to the first append, as after a restart.
    func open() throws {
        let before = now()
        let writer = try JournalWriter(directory: directory)
        let opened = now()
        _ = try writer.appendBlocking([
            EventDraft(
                id: EventID(high: 9, low: UInt64(before * 1e9)), type: "bench.opened",
                subject: .workspace, actor: .system, payload: Array("{}".utf8))
        ])
        let appended = now()
        try writer.close()
        printResult(
            "open",
            [("open_ms", (opened - before) * 1e3), ("append_ms", (appended - opened) * 1e3)])
    }

    /// The raw limit: as many bytes written into a preallocated file and forced out, one after the other,
    /// taking turns with appends of one event, so that both see the same disk.
    func floor(batch: Int) throws {
        let drafts = try corpus()
        try empty()
        try Files.makeDirectories(directory)
        let file = try FileDescriptor.open(
            directory.appending("floor"), O_RDWR | O_CREAT, mode: 0o600)
        let filler = [UInt8](repeating: 10, count: 1 << 20)
        for megabyte in 0..<64 {
            try filler.withUnsafeBytes { try file.writeAll($0, at: megabyte << 20) }
        }
        try file.sync()
        let writer = try JournalWriter(directory: directory)
        var raw = Latencies()
        var ours = Latencies()
        var done = 0
        let start = now()
        while now() - start < limit, (done + 1) * batch <= drafts.count {
            let part = Array(drafts[done * batch..<(done + 1) * batch])
            let size = part.reduce(0) { $0 + $1.payload.count + 580 }
            let bytes = [UInt8](repeating: 65, count: size)
            var before = now()
            try bytes.withUnsafeBytes { try file.writeAll($0, at: done * size % (60 << 20)) }
            try file.syncData()
            raw.add(now() - before)
            before = now()
            _ = try writer.appendBlocking(part)
            ours.add(now() - before)
            done += 1
        }
        try writer.close()
        printResult("floor-raw", raw.members)
        printResult("floor-append", ours.members)
        let ratio = raw.all.reduce(0, +) / ours.all.reduce(0, +)
        printResult(
            "floor", [("commits", Double(done)), ("batch", Double(batch)), ("rate_ratio", ratio)])
    }

    /// Whether an append takes longer with a million events in the log: takes turns between the journal
    /// in the directory, which `load` made, and one beside it that begins empty.
    func grown() throws {
        let drafts = try corpus()
        let beside = JournalRun(
            directory: directory.parent.appending("empty-\(getpid())"), events: events,
            count: count,
            limit: limit)
        try Files.makeDirectories(beside.directory)
        defer {
            try? beside.empty()
            _ = beside.directory.withCString { rmdir($0) }
        }
        let grown = try JournalWriter(directory: directory)
        let fresh = try JournalWriter(directory: beside.directory)
        var times = (grown: Latencies(), fresh: Latencies())
        let before = grown.head.sequence
        let start = now()
        for draft in drafts where now() - start < limit {
            var begin = now()
            _ = try grown.appendBlocking([draft])
            times.grown.add(now() - begin)
            begin = now()
            _ = try fresh.appendBlocking([draft])
            times.fresh.add(now() - begin)
        }
        try grown.close()
        try fresh.close()
        printResult("grown-log", [("records_before", Double(before))] + times.grown.members)
        printResult("empty-log", times.fresh.members)
        printResult(
            "grown",
            [("mean_ratio", times.grown.all.reduce(0, +) / times.fresh.all.reduce(0, +))])
    }

    /// 64 tasks that each append one event after the other.
    func concurrent() throws {
        let drafts = try corpus()
        try empty()
        let writer = try JournalWriter(directory: directory)
        let next = Counter()
        let finished = Signal()
        let start = now()
        let limit = limit
        for _ in 0..<64 {
            Task.detached {
                while true {
                    let index = next.take()
                    if index >= drafts.count || now() - start > limit { break }
                    do { _ = try await writer.append([drafts[index]]) } catch { break }
                }
                finished.signal()
            }
        }
        for _ in 0..<64 { finished.wait() }
        let seconds = now() - start
        let events = Int(writer.head.sequence)
        try writer.close()
        printResult(
            "concurrent",
            [
                ("events", Double(events)), ("seconds", seconds),
                ("events_per_s", (Double(events) / seconds).rounded()),
            ])
    }

    /// From the call of an append to a follower's handler, in another thread.
    func follow() throws {
        let drafts = try corpus()
        try empty()
        let writer = try JournalWriter(directory: directory)
        let follower = try JournalReader(directory: directory).follower(from: 1)
        let times = Mutex([Double](repeating: 0, count: drafts.count + 16))
        let seen = Signal()
        let thread = WorkThread {
            while let batch = try? follower.next() {
                let at = now()
                times.withLock { times in
                    for event in batch where Int(event.sequence) < times.count {
                        times[Int(event.sequence)] = at
                    }
                }
                seen.signal()
            }
        }
        var latencies = Latencies()
        var afterAnswer = Latencies()
        let start = now()
        for draft in drafts {
            if now() - start > limit { break }
            let before = now()
            let sequence = Int(try writer.appendBlocking([draft])[0].sequence)
            let answered = now()
            seen.wait()
            let at = times.withLock { $0[sequence] }
            latencies.add(at - before)
            afterAnswer.add(at - answered)
        }
        follower.stop()
        thread?.join()
        try writer.close()
        printResult("follow", latencies.members)
        printResult("follow-after-answer", afterAnswer.members)
    }
}

/// Numbers handed out to tasks, from 0.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func take() -> Int { value.add(1, ordering: .relaxed).oldValue }
}

/// A semaphore for the measurements.
final class Signal: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    init() { sem_init(semaphore, 0, 0) }
    deinit { semaphore.deallocate() }
    func signal() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 {} }
}
