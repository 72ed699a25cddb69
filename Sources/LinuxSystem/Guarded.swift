import Glibc

/// A value that one thread at a time may use.
///
/// The standard library's `Mutex` is handed by the kernel to whoever waits longest, awake or not: where
/// many threads take it often, every taking costs a change of threads. This one goes to a thread that
/// runs, and a short wait is spent looking again.
package final class Guarded<Value: Sendable>: @unchecked Sendable {
    // Unchecked: the value is touched under the lock alone.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        lock = .allocate(capacity: 1)
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_ADAPTIVE_NP))
        pthread_mutex_init(lock, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    package func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value)
    }
}
