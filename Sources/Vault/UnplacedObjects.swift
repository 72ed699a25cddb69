import LinuxSystem
import Millrace
import Synchronization

/// Objects that are in the log of recent ones and not yet under their names: at most what the log holds.
final class UnplacedObjects: Sendable {
    private let objects = Guarded<[Digest: [UInt8]]>([:])
    private let locks = (0..<16).map { _ in Lock() }

    private final class Lock: Sendable {
        let mutex = Mutex(())
    }

    func insert(_ bytes: [UInt8], _ digest: Digest) {
        objects.withLock { $0[digest] = bytes }
    }

    func forget(_ digest: Digest) { objects.withLock { $0[digest] = nil } }

    func contains(_ digest: Digest) -> Bool { objects.withLock { $0[digest] != nil } }

    var digests: [Digest] { objects.withLock { Array($0.keys) } }

    /// Each object's size in bytes.
    var sizes: [Digest: Int] { objects.withLock { $0.mapValues(\.count) } }

    /// Has an object placed by one thread, while others who want it wait. Nothing is done for one that
    /// has its name.
    func place(
        _ digest: Digest, _ body: ([UInt8]) throws(VaultError) -> Void
    ) throws(VaultError) {
        guard contains(digest) else { return }
        let lock = locks[Int(truncatingIfNeeded: digest.words.0) & 15]
        try lock.mutex.withLock { _ throws(VaultError) in
            guard let bytes = objects.withLock({ $0[digest] }) else { return }
            try body(bytes)
            forget(digest)
        }
    }
}
