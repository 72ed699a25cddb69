import LinuxSystem

/// Gives one batch from one thread to another that waits for it.
final class Handover: Sendable {
    private let state = Guarded<WatchBatch??>(nil)
    private let semaphore = ThreadSemaphore()

    func give(_ batch: WatchBatch?) {
        state.withLock { $0 = .some(batch) }
        semaphore.signal()
    }

    func take() -> WatchBatch? {
        semaphore.wait()
        return state.withLock { $0 ?? nil }
    }
}
