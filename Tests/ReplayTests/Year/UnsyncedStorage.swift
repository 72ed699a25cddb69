import Journal
import LinuxSystem
import Millrace
import Synchronization

/// The disk without the waiting: a journal that is written once for a test need not survive a power cut.
struct UnsyncedStorage: Storage {
    private let base = LinuxStorage()

    func syncData(_ file: CInt) throws(SystemError) {}
    func syncDirectory(_ path: FilePath) throws(SystemError) {}

    func open(_ path: FilePath, _ flags: CInt, mode: UInt32) throws(SystemError) -> CInt {
        try base.open(path, flags, mode: mode)
    }
    func close(_ file: CInt) { base.close(file) }
    func read(
        _ file: CInt, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int { try base.read(file, bytes, at: offset) }
    func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int { try base.write(file, bytes, at: offset) }
    func truncate(_ file: CInt, to size: Int) throws(SystemError) {
        try base.truncate(file, to: size)
    }
    func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) {
        try base.rename(from, to)
    }
    func unlink(_ path: FilePath) throws(SystemError) { try base.unlink(path) }
    func size(_ file: CInt) throws(SystemError) -> Int { try base.size(file) }
    func lock(_ file: CInt) throws(SystemError) -> Bool { try base.lock(file) }
    func isLocked(_ file: CInt) throws(SystemError) -> Bool { try base.isLocked(file) }
    func makeDirectory(_ path: FilePath) throws(SystemError) { try base.makeDirectory(path) }
    func names(in path: FilePath) throws(SystemError) -> [FilePath] { try base.names(in: path) }
}

/// A clock that says what it is told.
final class ReplayedClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 0))

    var now: Timestamp {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}
