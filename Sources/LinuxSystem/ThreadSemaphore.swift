import Glibc

/// A counting semaphore for plain threads, sem_init(3). A task must not wait on it.
package final class ThreadSemaphore: @unchecked Sendable {
    // Allocated, because a semaphore must not move in memory.
    private let handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    package init() { sem_init(handle, 0, 0) }

    deinit {
        sem_destroy(handle)
        handle.deallocate()
    }

    package func signal() { sem_post(handle) }

    package func wait() {
        while sem_wait(handle) != 0, Errno.current == .interrupted {}
    }
}
