import Glibc
import Journal
import LinuxSystem
import Millrace

/// `MillraceBench live PROGRAM DROPS`: from a file renamed into place to a new model in production, with
/// the built program, and what the daemon costs when nothing happens.
///
/// Each drop replaces the one file of the dataset with other values: 10,000 rows and 11 columns, which
/// are validated, trained on with logistic regression, evaluated, and promoted through both stages.
func runLiveBenchmark(_ arguments: [String]) -> CInt {
    guard arguments.count == 2, let drops = Int(arguments[1]), drops > 0 else {
        print("usage: MillraceBench live PROGRAM DROPS")
        return 2
    }
    do {
        try LiveBenchmark(program: FilePath(arguments[0])).run(drops: drops)
        return 0
    } catch {
        print("failed: \(error)")
        return 1
    }
}

private struct LiveBenchmark {
    let program: FilePath
    private let root = FilePath("/tmp/millrace-live-\(getpid())")

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(program: FilePath) { self.program = program }

    func run(drops: Int) throws {
        try Files.makeDirectories(root.appending("data/bench"))
        try Files.makeDirectories(root.appending(".millrace/journal"))
        defer { try? Files.removeFolder(root) }
        try Files.replace(root.appending("millrace.json"), with: Array(settings.utf8))
        let nothing = try FileDescriptor.open(FilePath("/dev/null"), O_RDWR)
        let started = now()
        let daemon = try ChildProcess.spawn(
            program, arguments: ["run", "--workspace", root.string].map { Array($0.utf8) },
            environment: [Array("PATH=/usr/bin:/bin".utf8)], input: nothing.raw,
            output: nothing.raw, error: nothing.raw, newSession: true)
        defer {
            kill(daemon.pid, SIGTERM)
            _ = try? daemon.wait()
        }
        let follower = try JournalReader(directory: root.appending(".millrace/journal")).follower()
        try wait(follower) { $0.type == FileArrived.type }
        printResult("start", [("ready_s", now() - started)])
        var latencies = Latencies()
        for number in 1...drops {
            let bytes = rows(seed: UInt64(number))
            let began = now()
            try drop(bytes)
            try wait(follower) { event in
                let live = event.payload(as: DeploymentCompleted.self)
                return live?.stage == "production" && live?.version == number
            }
            // The first one makes the contract, too; it is told apart.
            if number == 1 {
                printResult("first_drop_to_live", [("seconds", now() - began)])
            } else {
                latencies.add(now() - began)
            }
            try wait(follower) { $0.type == StageChecked.type }
        }
        printResult("drop_to_live", [("drops", Double(drops - 1))] + latencies.members)
        try idle(daemon.pid)
    }

    private var settings: String {
        """
        { pipelines: { bench: { dataset: "bench", target: { column: "late", above: 0.5 },
            champion: { gain: -1 }, retrain: { newRows: 1 } } } }
        """
    }

    private func wait(_ follower: JournalFollower, until condition: (Event) -> Bool) throws {
        let limit = now() + 60
        while now() < limit {
            guard let batch = try follower.next(milliseconds: 1000) else { continue }
            if batch.contains(where: condition) { return }
        }
        throw Failure(description: "nothing came within a minute")
    }

    private func drop(_ bytes: [UInt8]) throws {
        let folder = root.appending("data/bench")
        let file = try FileDescriptor.open(
            folder.appending(".rows.part"), O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.writeAll(bytes)
        try Files.rename(folder.appending(".rows.part"), folder.appending("rows.csv"))
    }

    /// 10,000 rows of ten features and a label that follows from them, a little.
    private func rows(seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 33) / Double(1 << 31)
        }
        let carriers = ["AA", "B6", "DL", "EV", "MQ", "UA", "US", "WN"]
        var text = "a,b,c,d,e,f,g,h,carrier,day,late\n"
        for _ in 0..<10_000 {
            let values = (0..<8).map { _ in random() }
            for value in values { text += "\(Double(Int(value * 10_000)) / 100)," }
            let late = values[0] + values[1] * 0.5 + random() > 1.3 ? 1 : 0
            text += "\(carriers[Int(random() * 8) % 8]),\(1 + Int(random() * 28)),\(late)\n"
        }
        return Array(text.utf8)
    }

    /// How often the daemon is woken and how much memory it holds when nothing happens.
    private func idle(_ pid: pid_t) throws {
        // The pool of threads shrinks in the first seconds.
        pause(seconds: 8)
        let before = try switches(pid)
        let processor = try processorTicks(pid)
        pause(seconds: 10)
        let after = try switches(pid)
        // A thread that the pool let go in the meantime was not woken; one that is new was.
        let woken = after.reduce(0) { $0 + $1.value - (before[$1.key] ?? 0) }
        printResult(
            "idle",
            [
                ("wakeups_per_s", Double(woken) / 10),
                ("cpu_ticks", Double(try processorTicks(pid) - processor)),
                ("rss_mb", Double(try status(pid, "VmRSS:")) / 1024),
                ("peak_rss_mb", Double(try status(pid, "VmHWM:")) / 1024),
            ])
    }

    /// For each thread: how often it gave up the processor to wait.
    private func switches(_ pid: pid_t) throws -> [FilePath: Int] {
        var counts: [FilePath: Int] = [:]
        for task in try Files.names(in: FilePath("/proc/\(pid)/task")) {
            let path = FilePath("/proc/\(pid)/task").appending(task).appending("status")
            counts[task] = try? LiveBenchmark.field(path, "voluntary_ctxt_switches:")
        }
        return counts
    }

    private func status(_ pid: pid_t, _ key: String) throws -> Int {
        try LiveBenchmark.field(FilePath("/proc/\(pid)/status"), key)
    }

    private func processorTicks(_ pid: pid_t) throws -> Int {
        let file = try FileDescriptor.open(FilePath("/proc/\(pid)/stat"), O_RDONLY)
        let fields = String(decoding: try file.readAll(limit: 4096), as: UTF8.self)
            .split(separator: " ")
        guard fields.count > 15, let user = Int(fields[13]), let system = Int(fields[14]) else {
            throw Failure(description: "/proc/\(pid)/stat cannot be read")
        }
        return user + system
    }

    private static func field(_ path: FilePath, _ key: String) throws -> Int {
        let file = try FileDescriptor.open(path, O_RDONLY)
        let text = String(decoding: try file.readAll(limit: 1 << 16), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            let digits = line.dropFirst(key.count).drop { $0 == " " || $0 == "\t" }
            if let value = Int(digits.prefix { $0.isNumber }) { return value }
        }
        throw Failure(description: "\(path) has no \(key)")
    }
}
