import Glibc
import Millrace

/// One batch that waits to be committed.
struct PendingBatch: Sendable {
    let drafts: [EventDraft]
    let done: @Sendable (Result<[Event], JournalError>) -> Void
}

/// Hands batches from many callers to the one thread that writes. Waiting costs nothing.
final class CommitQueue: @unchecked Sendable {
    // Unchecked: every stored property is touched under `lock` alone.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [PendingBatch] = []
    private var isClosing = false
    private var failure: JournalError?

    init() {
        lock = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    private func locked<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    /// Adds a batch, or answers it at once when the writer takes no more.
    func add(_ batch: PendingBatch) {
        let refusal: JournalError? = locked {
            if let failure { return failure }
            if isClosing { return .closed }
            waiting.append(batch)
            pthread_cond_signal(changed)
            return nil
        }
        if let refusal { batch.done(.failure(refusal)) }
    }

    /// No batch is taken from now on; what waits is still done.
    func close() {
        locked {
            isClosing = true
            pthread_cond_signal(changed)
        }
    }

    /// Every batch from now on gets this error; returns those that wait.
    func fail(_ error: JournalError) -> [PendingBatch] {
        locked {
            failure = error
            defer { waiting = [] }
            return waiting
        }
    }

    enum Work {
        case batches([PendingBatch])
        /// The time ran out without a batch.
        case quiet
        /// Closed, and nothing waits any more.
        case closed
    }

    /// Takes what waits, the oldest first, at most about `limit` bytes of payload but always one.
    /// Waits for something to do; `milliseconds` nil: for ever.
    func take(limit: Int, milliseconds: Int?) -> Work {
        locked {
            let deadline = milliseconds.map { CommitQueue.deadline(in: $0) }
            while waiting.isEmpty, !isClosing {
                if wait(until: deadline) { return waiting.isEmpty ? .quiet : takeWaiting(limit) }
            }
            return waiting.isEmpty ? .closed : takeWaiting(limit)
        }
    }

    /// Waits, unless the queue is closing. True: it is closing.
    func pause(milliseconds: Int) -> Bool {
        locked {
            let deadline = CommitQueue.deadline(in: milliseconds)
            while !isClosing { if wait(until: deadline) { break } }
            return isClosing
        }
    }

    private func takeWaiting(_ limit: Int) -> Work {
        var bytes = 0
        var count = 0
        for batch in waiting {
            bytes += batch.drafts.reduce(0) { $0 + $1.payload.count + 1024 }
            if count > 0, bytes > limit { break }
            count += 1
        }
        let taken = Array(waiting[..<count])
        waiting.removeFirst(count)
        return .batches(taken)
    }

    /// True when the time has run out.
    private func wait(until deadline: timespec?) -> Bool {
        guard var deadline else {
            pthread_cond_wait(changed, lock)
            return false
        }
        return pthread_cond_timedwait(changed, lock, &deadline) == ETIMEDOUT
    }

    private static func deadline(in milliseconds: Int) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let nanoseconds = time.tv_nsec + (milliseconds % 1000) * 1_000_000
        time.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        return time
    }
}
