import Glibc
import Journal
import LinuxSystem
import Millrace

extension JournalRun {
    private var killable: JournalConfiguration {
        var configuration = JournalConfiguration()
        // Rolls and reservations come often, so that kills hit them too.
        configuration.segmentSize = 16 << 10
        configuration.reserve = 4 << 10
        configuration.quietMilliseconds = 2
        return configuration
    }

    /// Appends batches for ever, each event numbered from `count` on, and tells the last number of
    /// each acknowledged batch on standard output. It is there to be killed.
    func writeUntilKilled() throws {
        let writer = try JournalWriter(directory: directory, configuration: killable)
        var number = UInt64(max(1, count))
        while true {
            let size = number % 3 + 1
            let batch = (0..<size).map { offset in
                EventDraft(
                    id: EventID(high: 5, low: number + offset), type: "kill.appended",
                    subject: .dataset("d"), actor: .system,
                    payload: Array("\"\(String(repeating: "x", count: Int(number % 700)))\"".utf8))
            }
            _ = try writer.appendBlocking(batch)
            number += size
            var last = number - 1
            write(1, &last, 8)
        }
    }

    /// Kills such a writer at `count` random moments, its start included, and checks each time that
    /// what it acknowledged is there, once, in order, and that the journal verifies.
    func kill() throws {
        try Files.makeDirectories(directory)
        try empty()
        var random = SystemRandomNumberGenerator()
        var acknowledged: UInt64 = 0
        var kills = 0
        var cuts = 0
        var events: UInt64 = 0
        let start = now()
        while kills < count, now() - start < limit {
            var highest = try check(acknowledged)
            // A journal of thousands of tiny segments tells no more, and takes long to check.
            if kills % 100 == 99 {
                events += highest
                cuts += try tornTails()
                try empty()
                (highest, acknowledged) = (0, 0)
            }
            acknowledged = max(
                highest,
                try killOne(
                    from: highest + 1,
                    after: UInt32.random(in: 0...12_000, using: &random)))
            kills += 1
        }
        events += try check(acknowledged)
        cuts += try tornTails()
        printResult(
            "kill",
            [
                ("kills", Double(kills)), ("events", Double(events)),
                ("torn_tails", Double(cuts)), ("seconds", now() - start),
            ])
        guard kills == count else { throw BenchmarkFailure("the time was over") }
    }

    private func tornTails() throws -> Int {
        try Files.names(in: directory).filter { $0.string.hasPrefix("torn-") }.count
    }

    /// Returns the last number that the writer acknowledged before it died; 0 for none.
    private func killOne(from number: UInt64, after microseconds: UInt32) throws -> UInt64 {
        var ends: [CInt] = [0, 0]
        guard pipe2CloseOnExec(&ends) else { throw SystemError(.current, "pipe") }
        let reading = FileDescriptor(owning: ends[0])
        let child: ChildProcess
        do {
            let writing = FileDescriptor(owning: ends[1])
            let null = try FileDescriptor.open(FilePath("/dev/null"), O_RDWR)
            child = try ChildProcess.spawn(
                FilePath("/proc/self/exe"),
                arguments: ["journal", "write-until-killed"].map { Array($0.utf8) }
                    + [directory.bytes, Array("-".utf8), Array("\(number)".utf8), Array("0".utf8)],
                environment: [], input: null.raw, output: writing.raw, error: 2,
                newSession: false)
        }
        // Mostly while it writes; sometimes while it starts.
        if microseconds % 4 != 0 {
            var wait = pollfd(fd: reading.raw, events: Int16(POLLIN), revents: 0)
            _ = poll(&wait, 1, 10_000)
        }
        // Not a wait for something: the moment of the kill is what is chosen at random.
        _ = poll(nil, 0, CInt(microseconds / 1000))
        _ = Glibc.kill(child.pid, SIGKILL)
        let told = try reading.readAll(limit: 64 << 20)
        _ = try child.wait()
        guard told.count >= 8 else { return 0 }
        let whole = told.count / 8 * 8
        return told[(whole - 8)..<whole].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func pipe2CloseOnExec(_ ends: inout [CInt]) -> Bool {
        guard pipe(&ends) == 0 else { return false }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return true
    }

    /// Returns the highest number in the log. Ends the program when something is wrong.
    private func check(_ acknowledged: UInt64) throws -> UInt64 {
        let report = try JournalVerifier.verify(directory, threads: 1)
        var expected: UInt64 = 1
        let cursor = try JournalReader(directory: directory).cursor()
        while let record = try cursor.next() {
            guard record.isType("kill.appended") else { continue }
            let event = try record.event()
            guard event.id == EventID(high: 5, low: expected) else {
                throw BenchmarkFailure("event \(event.id) where \(expected) belongs")
            }
            expected += 1
        }
        guard report.isOK else { throw BenchmarkFailure("\(report.damages)") }
        guard expected > acknowledged else {
            throw BenchmarkFailure(
                "\(acknowledged) was acknowledged; the log ends at \(expected - 1)")
        }
        return expected - 1
    }
}

struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
