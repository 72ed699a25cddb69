import Journal
import LinuxSystem
import Runtime
import Synchronization

/// Reads the newest snapshot while another thread opens the journal for writing, which checks its last
/// segment: each takes about half of a start with a long history.
final class EarlySnapshot: Sendable {
    private let found = Mutex<StateFold?>(nil)
    private let done = ThreadSemaphore()

    init(_ reader: JournalReader, _ store: SnapshotStore, _ empty: StateFold) {
        do {
            try BlockingThread.start(stackSize: 8 << 20) {
                var fold = empty
                // Whatever is wrong is found again, and told, by whoever reads what this does not give.
                if (try? store.start(reader, &fold, at: .end)) ?? nil != nil {
                    self.found.withLock { $0 = fold }
                }
                self.done.signal()
            }
        } catch {
            done.signal()
        }
    }

    /// Waits for it. Nil when there is no snapshot that can be believed.
    func wait() -> StateFold? {
        done.wait()
        return found.withLock { found in
            defer { found = nil }
            return found
        }
    }
}
