import Synchronization

/// How much of the workspace the kernel watches, told by the watcher's thread to whoever asks.
final class WatchCoverage: Sendable {
    private let watched = Atomic(0)
    private let scanned = Atomic(0)

    func note(watched: Int, scanned: Int) {
        self.watched.store(watched, ordering: .relaxed)
        self.scanned.store(scanned, ordering: .relaxed)
    }

    var counts: (watched: Int, scanned: Int) {
        (watched.load(ordering: .relaxed), scanned.load(ordering: .relaxed))
    }
}
