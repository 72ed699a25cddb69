import Glibc

/// Counts signals; a waiting thread costs nothing.
final class Semaphore: @unchecked Sendable {
    // Unchecked: a semaphore is made for many threads.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    /// Waits for a signal and takes it.
    func wait() {
        // Only a signal of the system interrupts it.
        while sem_wait(semaphore) != 0 {}
    }
}
