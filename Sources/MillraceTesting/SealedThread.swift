import CLinux
import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// A thread that the kernel lets change nothing: it may read files, but not make, write, rename or
/// remove any, and not open a connection (landlock(7)). Threads that it starts are under the same.
final class SealedThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isOver = false
        var isSealed = false
    }

    private let state = Mutex(State())
    private let available = ThreadSemaphore()

    /// Nil where the kernel cannot seal a thread.
    init?() {
        guard clinux_can_seal_thread() == 1 else { return nil }
        do { try BlockingThread.start(stackSize: 8 << 20) { self.work() } } catch { return nil }
    }

    /// A check that was not made is said, or it would pass for one that was.
    static func sayMissing(_ check: String) {
        let line = Array(
            "SKIPPED: \(check): this kernel cannot seal a thread (Landlock, from Linux 5.13)\n".utf8
        )
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        available.signal()
    }

    func stop() {
        state.withLock { $0.isOver = true }
        available.signal()
    }

    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await Task(executorPreference: self) {
            guard self.state.withLock({ $0.isSealed }) else {
                throw SystemError(.current, "landlock_restrict_self")
            }
            try await body()
        }.value
    }

    private func work() {
        let isSealed = clinux_seal_thread() == 0
        state.withLock { $0.isSealed = isSealed }
        while true {
            available.wait()
            let (jobs, isOver) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isOver)
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if isOver { return }
        }
    }
}

/// A world that is turned off: what was done is known, and nothing else is done.
struct SealedWorld: World {
    let base: MemoryWorld

    var now: Timestamp { base.now }
    var files: any FileStore { base.files }
    var outputs: any OutputFolders { base.outputs }

    func run(_ command: ProcessRequest) async throws -> CommandResult {
        CommandResult(output: [], errorOutput: [])
    }

    func perform(_ request: JobRequest) async throws -> JSONValue {
        guard let known = base.result(of: request) else {
            throw ReactionError("a job that the story did not have", retryable: false)
        }
        return known
    }

    func log(_ level: LogLevel, _ message: String) {}

    func timeZone(named name: String) throws -> [UInt8] { try base.timeZone(named: name) }
}
