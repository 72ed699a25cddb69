import Glibc
import Millrace

/// One batch that waits to be committed.
struct PendingBatch: Sendable {
    let drafts: [EventDraft]
    let done: @Sendable (Result<[Event], JournalError>) -> Void
}

/// Decides who may write. One at a time holds the log: a caller that finds it free and nobody
/// waiting takes it and commits for itself, which costs no change of threads; what comes meanwhile
/// waits and is committed together by the journal's thread. Waiting costs nothing.
final class CommitQueue: @unchecked Sendable {
    // Unchecked: every stored property is touched under `lock` alone.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [PendingBatch] = []
    /// Somebody holds the log.
    private var isHeld = false
    private var isClosing = false
    private var failure: JournalError?
    /// When the last record was written, unless it is a watermark.
    private var unmarkedSince: Int?
    /// The thread waits and looks at the clock by itself: it need not be told of `unmarkedSince`.
    private var isTimed = false
    /// The thread is to be woken when so many batches wait.
    private var wakingCount = 1
    private var gathering = Gathering()
    private let quietMilliseconds: Int?

    init(quietMilliseconds: Int?) {
        self.quietMilliseconds = quietMilliseconds
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

    private var refusal: JournalError? { failure ?? (isClosing ? .closed : nil) }

    /// Takes the log if it is free and nobody waits; its holder must call `leave`. False: it is not.
    func enter() throws(JournalError) -> Bool {
        let answer: Result<Bool, JournalError> = locked {
            if let refusal { return .failure(refusal) }
            if isHeld || !waiting.isEmpty { return .success(false) }
            isHeld = true
            gathering = Gathering()
            return .success(true)
        }
        return try answer.get()
    }

    /// Gives the log back. `isUnmarked`: its last record is not a watermark.
    func leave(isUnmarked: Bool) {
        locked {
            isHeld = false
            let now = CommitQueue.now()
            gathering.left(at: now)
            unmarkedSince = isUnmarked && quietMilliseconds != nil ? now : nil
            let isNews = unmarkedSince != nil && !isTimed
            if isNews || !waiting.isEmpty || isClosing || failure != nil {
                pthread_cond_signal(changed)
            }
        }
    }

    /// Adds a batch for the thread, or answers it at once when the writer takes no more.
    func add(_ batch: PendingBatch) {
        let error: JournalError? = locked {
            if let refusal { return refusal }
            waiting.append(batch)
            if !isHeld, waiting.count == wakingCount { pthread_cond_signal(changed) }
            return nil
        }
        if let error { batch.done(.failure(error)) }
    }

    /// Called before so many batches of one group are answered.
    func willAnswer(_ count: Int) { locked { gathering.expect(count, beside: waiting.count) } }

    /// No batch is taken from now on; what waits is still done.
    func close() {
        locked {
            isClosing = true
            pthread_cond_broadcast(changed)
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
        /// Nothing was appended for as long as a watermark waits.
        case quiet
        /// Closed, and nothing waits any more.
        case closed
        /// The writer has failed.
        case failed
    }

    /// Waits until there is something for the thread to do, and takes the log for it: the oldest
    /// batches, at most about `limit` bytes of payload but always one. `leave` gives it back.
    func take(limit: Int) -> Work {
        locked {
            while true {
                var deadline: Int?
                if !isHeld {
                    if failure != nil { return .failed }
                    let now = CommitQueue.now()
                    deadline = isClosing ? nil : gathering.deadline(having: waiting.count, at: now)
                    if deadline != nil {
                        wakingCount = gathering.expected
                    } else if let work = work(limit, now) {
                        isHeld = true
                        gathering.taken(at: now)
                        return work
                    } else {
                        deadline = unmarkedSince.map { $0 + quiet }
                    }
                }
                isTimed = deadline != nil
                wait(until: deadline)
                isTimed = false
                wakingCount = 1
            }
        }
    }

    private func work(_ limit: Int, _ now: Int) -> Work? {
        if !waiting.isEmpty { return takeWaiting(limit) }
        if isClosing { return .closed }
        if let since = unmarkedSince, now >= since + quiet { return .quiet }
        return nil
    }

    private var quiet: Int { (quietMilliseconds ?? 0) * 1_000_000 }

    /// Waits, unless the queue is closing. True: it is closing. For whoever holds the log.
    func pause(milliseconds: Int) -> Bool {
        locked {
            let deadline = CommitQueue.now() + milliseconds * 1_000_000
            while !isClosing, CommitQueue.now() < deadline { wait(until: deadline) }
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

    private func wait(until nanoseconds: Int?) {
        guard let nanoseconds else {
            pthread_cond_wait(changed, lock)
            return
        }
        var deadline = timespec(
            tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        pthread_cond_timedwait(changed, lock, &deadline)
    }

    /// Nanoseconds of a clock that only goes forward.
    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
