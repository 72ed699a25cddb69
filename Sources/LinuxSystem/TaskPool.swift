import Glibc
import Synchronization

/// The threads that tasks run on.
///
/// The concurrency runtime's own pool wakes up once a second for ever, to see whether its threads are
/// stuck; a daemon that has nothing to do shall not wake up at all. These threads wait for work and
/// for nothing else. Tasks come here by their executor preference, which their children inherit.
package final class TaskPool: TaskExecutor {
    package static let shared = TaskPool(threads: 8)

    private struct Queue {
        var jobs: [UnownedJob] = []
        var head = 0
        /// Threads that rest and that nobody has woken yet.
        var resting = 0
        /// A thread was woken and has not looked yet: it wakes another when there is more to do, so that
        /// a burst does not wake more threads than it takes.
        var isWaking = false

        mutating func append(_ job: UnownedJob) -> Bool {
            jobs.append(job)
            return wakesAnother()
        }

        mutating func take() -> UnownedJob? {
            guard head < jobs.count else { return nil }
            defer {
                head += 1
                if head == jobs.count {
                    jobs.removeAll(keepingCapacity: head < 1024)
                    head = 0
                }
            }
            return jobs[head]
        }

        /// Whether a thread is to be woken now.
        mutating func wakesAnother() -> Bool {
            guard head < jobs.count, resting > 0, !isWaking else { return false }
            resting -= 1
            isWaking = true
            return true
        }
    }

    private let queue = Guarded(Queue())
    private let available = CountingSemaphore()
    private let timer = DelayQueue()

    private init(threads: Int) {
        for _ in 0..<threads {
            // Where the machine has no room for all of them, fewer do; where it has none for any,
            // the process would be of no use.
            try? BlockingThread.start(stackSize: 8 << 20) { self.work() }
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        if queue.withLock({ $0.append(unowned) }) { available.signal() }
    }

    private func work() {
        var wasWoken = false
        while true {
            let (job, wakesAnother) = queue.withLock { queue -> (UnownedJob?, Bool) in
                if wasWoken { queue.isWaking = false }
                guard let job = queue.take() else {
                    queue.resting += 1
                    return (nil, false)
                }
                return (job, queue.wakesAnother())
            }
            wasWoken = job == nil
            if wakesAnother { available.signal() }
            if let job {
                job.runSynchronously(on: asUnownedTaskExecutor())
            } else {
                available.wait()
            }
        }
    }

    /// Starts a task here that nobody waits for.
    @discardableResult
    package static func start(
        _ body: @escaping @Sendable () async -> Void
    ) -> Task<Void, Never> {
        Task.detached(executorPreference: shared, operation: body)
    }

    /// Waits without a thread. - Throws: `CancellationError` when the task is cancelled.
    package static func sleep(seconds: Double) async throws {
        try await shared.timer.sleep(seconds: seconds)
    }
}

/// A semaphore between threads.
final class CountingSemaphore: @unchecked Sendable {
    // Unchecked: the C library's semaphore is made for any thread, and never moves.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() {
        while sem_wait(semaphore) != 0 {}
    }

    /// False when the moment, on the monotonic clock, passed without a signal.
    func wait(until deadline: Int64) -> Bool {
        while true {
            // The semaphore counts by the clock on the wall: the rest is worked out anew each time.
            let left = deadline - ProgramRunner.monotonicMilliseconds()
            if left <= 0 { return sem_trywait(semaphore) == 0 }
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            let step = min(left, 3_600_000)
            time.tv_sec += Int(step / 1000)
            time.tv_nsec += Int(step % 1000) * 1_000_000
            if time.tv_nsec >= 1_000_000_000 {
                time.tv_sec += 1
                time.tv_nsec -= 1_000_000_000
            }
            if sem_timedwait(semaphore, &time) == 0 { return true }
        }
    }
}

/// Tasks that wait for a moment: one thread waits for the earliest, and for nothing when there is none.
final class DelayQueue: Sendable {
    private struct Sleeper {
        let due: Int64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var sleepers: [UInt64: Sleeper] = [:]
        /// Cancelled before they began to wait.
        var cancelled: Set<UInt64> = []
        var next: UInt64 = 0
        var hasThread = false
    }

    private let state = Mutex(State())
    private let changed = CountingSemaphore()

    func sleep(seconds: Double) async throws {
        let milliseconds = Int64(min(max(seconds, 0), 3e9) * 1000)
        let due = ProgramRunner.monotonicMilliseconds() + milliseconds
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        // A cancellation that came too late leaves nothing behind.
        defer { state.withLock { _ = $0.cancelled.remove(id) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(id, Sleeper(due: due, continuation: continuation))
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func add(_ id: UInt64, _ sleeper: Sleeper) {
        let (isCancelled, mustStart) = state.withLock { state in
            if state.cancelled.remove(id) != nil { return (true, false) }
            state.sleepers[id] = sleeper
            defer { state.hasThread = true }
            return (false, !state.hasThread)
        }
        if isCancelled { return sleeper.continuation.resume(throwing: CancellationError()) }
        if mustStart {
            do { try BlockingThread.start { self.run() } } catch {
                state.withLock { $0.hasThread = false }
                cancel(id)
            }
        }
        changed.signal()
    }

    private func cancel(_ id: UInt64) {
        let sleeper = state.withLock { state -> Sleeper? in
            if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper }
            state.cancelled.insert(id)
            return nil
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }

    private func run() {
        while true {
            let due = state.withLock { $0.sleepers.values.map(\.due).min() }
            if let due { _ = changed.wait(until: due) } else { changed.wait() }
            let now = ProgramRunner.monotonicMilliseconds()
            let ready = state.withLock { state -> [Sleeper] in
                let ids = state.sleepers.filter { $0.value.due <= now }.map(\.key)
                return ids.compactMap { state.sleepers.removeValue(forKey: $0) }
            }
            for sleeper in ready { sleeper.continuation.resume() }
        }
    }
}
