package import Journal
package import LinuxSystem

/// Another disk, whose calls it passes on: who wraps one says only what it does differently.
package protocol WrappedStorage: Storage {
    associatedtype Base: Storage
    var base: Base { get }
}

extension WrappedStorage {
    package func open(_ path: FilePath, _ flags: CInt, mode: UInt32) throws(SystemError) -> CInt {
        try base.open(path, flags, mode: mode)
    }
    package func close(_ file: CInt) { base.close(file) }
    package func read(
        _ file: CInt, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int { try base.read(file, bytes, at: offset) }
    package func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int { try base.write(file, bytes, at: offset) }
    package func truncate(_ file: CInt, to size: Int) throws(SystemError) {
        try base.truncate(file, to: size)
    }
    package func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) {
        try base.rename(from, to)
    }
    package func unlink(_ path: FilePath) throws(SystemError) { try base.unlink(path) }
    package func size(_ file: CInt) throws(SystemError) -> Int { try base.size(file) }
    package func lock(_ file: CInt) throws(SystemError) -> Bool { try base.lock(file) }
    package func isLocked(_ file: CInt) throws(SystemError) -> Bool { try base.isLocked(file) }
    package func makeDirectory(_ path: FilePath) throws(SystemError) {
        try base.makeDirectory(path)
    }
    package func syncData(_ file: CInt) throws(SystemError) { try base.syncData(file) }
    package func syncDirectory(_ path: FilePath) throws(SystemError) {
        try base.syncDirectory(path)
    }
    package func names(in path: FilePath) throws(SystemError) -> [FilePath] {
        try base.names(in: path)
    }
    package func freeRoom(_ file: CInt) -> Int? { base.freeRoom(file) }
}
