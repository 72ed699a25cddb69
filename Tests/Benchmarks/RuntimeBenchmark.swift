import Checksums
import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization

/// `MillraceBench runtime DIRECTORY EVENTS`: the real runtime on a durable journal, with two plugins that
/// do next to nothing: each ping is answered with a pong, each pong is counted.
///
/// - `latency`: from the moment a lone event is durable, and from the moment it is handed to the
///   journal, to the first instruction of its reaction.
/// - `throughput`: reactions a second, each with its batch durable, from a full mailbox to an empty one.
/// - `memory`: resident bytes while that many events pass.
func runRuntimeBenchmark(_ arguments: [String]) -> CInt {
    guard arguments.count == 2, let events = Int(arguments[1]), events >= 1000 else {
        print("usage: MillraceBench runtime DIRECTORY EVENTS")
        return 2
    }
    // As the daemon does.
    MemoryFootprint.prepare()
    let done = Gate()
    let result = Mutex<CInt>(1)
    TaskPool.start {
        do {
            try await RuntimeBenchmark(FilePath(arguments[0])).run(events: events)
            result.withLock { $0 = 0 }
        } catch {
            print("failed: \(error)")
        }
        done.open()
    }
    done.wait()
    return result.withLock { $0 }
}

/// Holds a thread back until it is opened.
private final class Gate: Sendable {
    private let semaphore = ThreadSemaphore()
    func open() { semaphore.signal() }
    func wait() { semaphore.wait() }
}

private struct BenchPing: EventPayload {
    static let type = "bench.ping"
    var number: Int
    var subject: Subject { Subject("bench", "\(number % 64)") }
}

private struct BenchPong: EventPayload {
    static let type = "bench.pong"
    var number: Int
    var subject: Subject { Subject("bench", "\(number % 64)") }
}

/// The moments at which reactions began, by the number of their ping.
private final class Starts: Sendable {
    static let shared = Starts()
    let last = Mutex<Double>(0)
}

private struct AnswerPlugin: Plugin {
    static let name: PluginName = "answer"
    static let summary = "Answers each ping."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(BenchPing.self) { ping, _ in
            let began = now()
            Starts.shared.last.withLock { $0 = began }
            return [BenchPong(number: ping.number)]
        }
    }
}

private struct ListenPlugin: Plugin {
    static let name: PluginName = "listen"
    static let summary = "Hears each pong."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(BenchPong.self) { _, _ -> [BenchPing] in [] }
    }
}

/// A clock, and nothing else that could be touched.
private struct BenchWorld: World {
    struct Nothing: Error {}

    struct NoFiles: FileStore, OutputFolders {
        func bytes(of digest: Digest, limit: Int) throws -> [UInt8] { throw Nothing() }
        func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
            throw Nothing()
        }
        func path(of digest: Digest) throws -> String { throw Nothing() }
        func store(_ bytes: [UInt8]) throws -> Digest { throw Nothing() }
        func contains(_ digest: Digest) -> Bool { false }
        func write(_ bytes: [UInt8], to path: WorkspacePath) throws { throw Nothing() }
        func place(_ digest: Digest, at path: WorkspacePath) throws { throw Nothing() }
        func link(_ path: WorkspacePath, to target: WorkspacePath) throws { throw Nothing() }
        func target(of path: WorkspacePath) throws -> WorkspacePath? { nil }
        func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8] { throw Nothing() }
        func remove(_ path: WorkspacePath) throws { throw Nothing() }
        func absolute(_ path: WorkspacePath) -> String { "\(path)" }
    }

    var now: Timestamp { WallClock.now }
    var files: any FileStore { NoFiles() }
    var outputs: any OutputFolders { NoFiles() }
    func run(_ command: ProcessRequest) async throws -> CommandResult { throw Nothing() }
    func perform(_ request: JobRequest) async throws -> JSONValue { throw Nothing() }
    func log(_ level: LogLevel, _ message: String) {}
}

private final class RuntimeBenchmark: Sendable {
    private let writer: JournalWriter
    private let runtime: Runtime
    private let committedAt = Mutex<Double>(0)

    init(_ folder: FilePath) throws {
        let journal = folder.appending("journal")
        try Files.makeDirectories(journal)
        writer = try JournalWriter(directory: journal)
        let reader = JournalReader(directory: journal)
        let (plugins, _) = PluginRegistry([AnswerPlugin.self, ListenPlugin.self])
            .makePlugins(WorkspaceSettings())
        let record = try InFlightRecord(folder.appending("in-flight"))
        runtime = Runtime(
            Runtime.Configuration(
                settings: WorkspaceSettings(), plugins: plugins, world: BenchWorld(),
                log: JournalLog(writer),
                read: { sequence, body in
                    let cursor = try reader.cursor(from: sequence)
                    while let event = try cursor.nextEvent(), body(event) {}
                },
                sleep: { try await TaskPool.sleep(seconds: $0) }, inFlight: record,
                failed: { print("failed: \($0)") }))
        var history = DeliveryHistory(plugins: plugins)
        let drafts = try plugins.map { plugin in
            try EventDraft(
                PluginRegistered(plugin: plugin.name.rawValue, from: 1),
                id: RuntimeBenchmark.id("register \(plugin.name)"), actor: .system)
        }
        for event in try writer.appendBlocking(drafts) {
            runtime.fold(event)
            history.apply(event)
        }
        writer.onCommit = { [weak self] events in
            guard let self else { return }
            let moment = now()
            if events.first?.type == BenchPing.type { self.committedAt.withLock { $0 = moment } }
            self.runtime.committed(events)
        }
        try runtime.start(history)
    }

    private static func id(_ text: String) -> EventID {
        EventID(Digest(words: SHA256.hash(Array(text.utf8)).words))
    }

    private func ping(_ number: Int) throws -> EventDraft {
        try EventDraft(
            BenchPing(number: number), id: RuntimeBenchmark.id("ping \(number)"),
            actor: .system)
    }

    func run(events: Int) async throws {
        try await latency(rounds: 2000)
        try await throughput(pings: events / 5)
        try writer.close()
    }

    private func latency(rounds: Int) async throws {
        var fromDurable = Latencies()
        var fromAppend = Latencies()
        for number in 1...rounds {
            let began = now()
            _ = try await writer.append([try ping(-number)])
            let durable = committedAt.withLock { $0 }
            await runtime.waitUntilIdle()
            let started = Starts.shared.last.withLock { $0 }
            if durable <= started { fromDurable.add(started - durable) }
            fromAppend.add(started - began)
        }
        printResult("runtime-latency-from-durable", fromDurable.members)
        printResult("runtime-latency-from-append", fromAppend.members)
    }

    private func throughput(pings: Int) async throws {
        let before = RuntimeBenchmark.residentBytes
        let began = now()
        let processor = processorTime()
        var peak = before
        var number = 0
        while number < pings {
            let count = min(2000, pings - number)
            let batch = try (number..<(number + count)).map { try ping($0) }
            number += count
            for start in stride(from: 0, to: count, by: 100) {
                _ = try await writer.append(Array(batch[start..<min(start + 100, count)]))
            }
            peak = max(peak, RuntimeBenchmark.residentBytes)
        }
        await runtime.waitUntilIdle()
        let took = now() - began
        peak = max(peak, RuntimeBenchmark.residentBytes)
        printResult(
            "runtime-throughput",
            [
                ("reactions", Double(pings * 2)), ("seconds", took),
                ("reactions_per_s", (Double(pings * 2) / took).rounded()),
                ("cpu_us_per_reaction", (processorTime() - processor) / Double(pings * 2) * 1e6),
                ("events", Double(writer.head.sequence)), ("rss_before_mb", before / 1e6),
                ("rss_peak_mb", peak / 1e6), ("rss_after_mb", RuntimeBenchmark.residentBytes / 1e6),
            ])
    }

    private static var residentBytes: Double {
        guard let file = try? FileDescriptor.open(FilePath("/proc/self/statm"), O_RDONLY),
            let bytes = try? file.readAll(limit: 4096)
        else { return 0 }
        let fields = bytes.split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Double(String(decoding: fields[1], as: UTF8.self))
        else { return 0 }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
