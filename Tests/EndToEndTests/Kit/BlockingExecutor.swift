import LinuxSystem
import Synchronization

/// Runs tasks on one thread that may block, so that the tests of other modules keep the few threads
/// of the concurrency pool while a test here waits for a daemon.
///
/// The thread lives until `stop`: a daemon started with `--with-parent` from a task on it lives no
/// longer than the test, even when the tests are killed.
final class BlockingExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let wake: WakeUp

    init() throws {
        wake = try WakeUp()
        try BlockingThread.start { self.work() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    /// Ends the thread when it has run what waits.
    func stop() {
        state.withLock { $0.isOver = true }
        wake.signal()
    }

    private func work() {
        while true {
            _ = try? waitReadable([wake.descriptor.raw], milliseconds: nil)
            wake.clear()
            let (jobs, isOver) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isOver)
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if isOver { return }
        }
    }
}
