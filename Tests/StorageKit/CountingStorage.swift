package import Journal
package import LinuxSystem
import Synchronization

/// Another disk, and how often its directories are listed.
package final class CountingStorage<Base: Storage>: WrappedStorage {
    package let base: Base
    private let count = Mutex(0)

    package init(_ base: Base) { self.base = base }

    package var listings: Int { count.withLock { $0 } }

    package func names(in path: FilePath) throws(SystemError) -> [FilePath] {
        count.withLock { $0 += 1 }
        return try base.names(in: path)
    }
}
