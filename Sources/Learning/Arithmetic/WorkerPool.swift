import Glibc

/// A few threads that share the parts of a job and sleep between jobs. They never spin: a trainer
/// beside a daemon must leave the processor to others while it has nothing to do.
///
/// What a job computes must not depend on which thread takes which part.
final class WorkerPool {
    private let board = Board()
    private var threads: [pthread_t] = []

    /// Threads that the machine has to give.
    static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// - Parameter threads: the calling thread included. Fewer are used when the system gives fewer.
    init(threads count: Int) {
        for _ in 1..<max(1, min(count, 64)) {
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(board).toOpaque()
            let failure = pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<Board>.fromOpaque(argument).takeRetainedValue().work()
                    return nil
                }, argument)
            if failure == 0 {
                threads.append(thread)
            } else {
                Unmanaged<Board>.fromOpaque(argument).release()
            }
        }
    }

    deinit {
        board.close()
        for thread in threads { pthread_join(thread, nil) }
    }

    var threadCount: Int { threads.count + 1 }

    /// Calls `body` once for each part, on any of the threads, and returns when all are done.
    func run(parts: Int, _ body: (Int) -> Void) {
        guard parts > 1, !threads.isEmpty else {
            for part in 0..<max(parts, 0) { body(part) }
            return
        }
        withoutActuallyEscaping(body) { board.run(parts: parts, $0) }
    }
}

/// What the threads of a pool share.
private final class Board: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let workArrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let workDone = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var body: ((Int) -> Void)?
    private var nextPart = 0
    private var partCount = 0
    private var unfinished = 0
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(workArrived, nil)
        pthread_cond_init(workDone, nil)
    }

    deinit {
        pthread_cond_destroy(workArrived)
        pthread_cond_destroy(workDone)
        pthread_mutex_destroy(mutex)
        workArrived.deallocate()
        workDone.deallocate()
        mutex.deallocate()
    }

    func run(parts: Int, _ body: @escaping (Int) -> Void) {
        pthread_mutex_lock(mutex)
        self.body = body
        nextPart = 0
        partCount = parts
        unfinished = parts
        pthread_cond_broadcast(workArrived)
        takeParts()
        while unfinished > 0 { pthread_cond_wait(workDone, mutex) }
        self.body = nil
        pthread_mutex_unlock(mutex)
    }

    func work() {
        pthread_mutex_lock(mutex)
        while !isClosed {
            takeParts()
            if !isClosed { pthread_cond_wait(workArrived, mutex) }
        }
        pthread_mutex_unlock(mutex)
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(workArrived)
        pthread_mutex_unlock(mutex)
    }

    /// Does parts until none is left. Holds the lock except while a part is done.
    private func takeParts() {
        while nextPart < partCount, let body {
            let part = nextPart
            nextPart += 1
            pthread_mutex_unlock(mutex)
            body(part)
            pthread_mutex_lock(mutex)
            unfinished -= 1
            if unfinished == 0 { pthread_cond_signal(workDone) }
        }
    }
}
