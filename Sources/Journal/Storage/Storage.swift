import Glibc
package import LinuxSystem

/// The calls by which the writer changes the disk, one system call each, so that a test can make
/// any of them fail. What happens after a failure is decided above, never here.
package protocol Storage: Sendable {
    func open(_ path: FilePath, _ flags: CInt, mode: UInt32) throws(SystemError) -> CInt
    func close(_ file: CInt)
    /// May read or write fewer bytes than asked for.
    func read(
        _ file: CInt, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int
    func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int
    func syncData(_ file: CInt) throws(SystemError)
    func truncate(_ file: CInt, to size: Int) throws(SystemError)
    func rename(_ from: FilePath, _ to: FilePath) throws(SystemError)
    func unlink(_ path: FilePath) throws(SystemError)
    func syncDirectory(_ path: FilePath) throws(SystemError)
    func size(_ file: CInt) throws(SystemError) -> Int
    /// Takes a lock that goes with the descriptor; false when another holds it.
    func lock(_ file: CInt) throws(SystemError) -> Bool
    /// Does another descriptor hold the lock? Asking does not take it.
    func isLocked(_ file: CInt) throws(SystemError) -> Bool
    /// Makes a directory and those above it, if they are not there.
    func makeDirectory(_ path: FilePath) throws(SystemError)
    /// The names in a directory, in the order of their bytes.
    func names(in path: FilePath) throws(SystemError) -> [FilePath]
    /// How many bytes the file's disk still has room for at most; nil when that is not known.
    func freeRoom(_ file: CInt) -> Int?
}

extension Storage {
    package func freeRoom(_ file: CInt) -> Int? { nil }
}

/// The real calls.
package struct LinuxStorage: Storage {
    package init() {}

    package func open(
        _ path: FilePath, _ flags: CInt, mode: UInt32
    ) throws(SystemError) -> CInt {
        try FileDescriptor.open(path, flags, mode: mode).release()
    }

    package func close(_ file: CInt) { _ = Glibc.close(file) }

    package func read(
        _ file: CInt, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        let count = pread(file, bytes.baseAddress, bytes.count, off_t(offset))
        if count < 0 { throw SystemError(.current, "pread") }
        return count
    }

    package func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        let count = pwrite(file, bytes.baseAddress, bytes.count, off_t(offset))
        if count < 0 { throw SystemError(.current, "pwrite") }
        return count
    }

    package func syncData(_ file: CInt) throws(SystemError) {
        if fdatasync(file) != 0 { throw SystemError(.current, "fdatasync") }
    }

    package func truncate(_ file: CInt, to size: Int) throws(SystemError) {
        if ftruncate(file, off_t(size)) != 0 { throw SystemError(.current, "ftruncate") }
    }

    package func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) {
        try Files.rename(from, to)
    }

    package func unlink(_ path: FilePath) throws(SystemError) { try Files.unlink(path) }

    package func syncDirectory(_ path: FilePath) throws(SystemError) {
        try Files.syncDirectory(path)
    }

    package func size(_ file: CInt) throws(SystemError) -> Int {
        var status = stat()
        if fstat(file, &status) != 0 { throw SystemError(.current, "fstat") }
        return Int(status.st_size)
    }

    package func lock(_ file: CInt) throws(SystemError) -> Bool {
        var lock = LinuxStorage.wholeFile
        // An "open file description" lock: like flock it goes with the descriptor, and unlike flock
        // it can be asked for without being taken, so a reader never keeps a writer out.
        if fcntl(file, LinuxStorage.setLock, &lock) == 0 { return true }
        if Errno.current == .again || Errno.current == .access { return false }
        throw SystemError(.current, "fcntl")
    }

    package func isLocked(_ file: CInt) throws(SystemError) -> Bool {
        var lock = LinuxStorage.wholeFile
        if fcntl(file, LinuxStorage.getLock, &lock) != 0 { throw SystemError(.current, "fcntl") }
        return lock.l_type != Int16(F_UNLCK)
    }

    // Not in Glibc's module map without _GNU_SOURCE: F_OFD_GETLK and F_OFD_SETLK.
    private static let getLock: CInt = 36
    private static let setLock: CInt = 37

    private static var wholeFile: flock {
        flock(
            l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }

    package func makeDirectory(_ path: FilePath) throws(SystemError) {
        try Files.makeDirectories(path)
    }

    package func names(in path: FilePath) throws(SystemError) -> [FilePath] {
        try Files.names(in: path)
    }

    package func freeRoom(_ file: CInt) -> Int? {
        var status = statvfs()
        // Without blocks it is one that has no limit, or does not tell.
        guard fstatvfs(file, &status) == 0, status.f_blocks > 0 else { return nil }
        let blocks = geteuid() == 0 ? status.f_bfree : status.f_bavail
        let (bytes, isMore) = blocks.multipliedReportingOverflow(by: status.f_frsize)
        return isMore ? nil : Int(clamping: bytes)
    }
}

/// An open file that goes through a `Storage`: loops over short and interrupted calls, and names
/// the file in errors.
final class StoredFile: @unchecked Sendable {
    // Unchecked: the path changes before another thread knows of the file, the kernel orders the calls.
    private(set) var path: FilePath
    let storage: any Storage
    private let file: CInt

    init(
        _ path: FilePath, _ flags: CInt, mode: UInt32 = 0o644, storage: any Storage
    ) throws(SystemError) {
        self.path = path
        self.storage = storage
        file = try Retry.interrupted { () throws(SystemError) in
            try storage.open(path, flags, mode: mode)
        }
    }

    deinit { storage.close(file) }

    /// The file was renamed; errors name it as it is called now.
    func isNow(at path: FilePath) { self.path = path }

    /// Reads until the buffer is full or the file ends; returns how many bytes.
    func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
            let count = try named { () throws(SystemError) in
                try storage.read(file, rest, at: offset + done)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try named { () throws(SystemError) in
                try storage.write(file, rest, at: offset + done)
            }
        }
    }

    func writeAll(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(SystemError) in try writeAll(buffer, at: offset) }
        }
        try result.get()
    }

    func syncData() throws(SystemError) {
        try named { () throws(SystemError) in try storage.syncData(file) }
    }

    func truncate(to size: Int) throws(SystemError) {
        try named { () throws(SystemError) in try storage.truncate(file, to: size) }
    }

    func lock() throws(SystemError) -> Bool {
        try named { () throws(SystemError) in try storage.lock(file) }
    }

    func isLocked() throws(SystemError) -> Bool {
        try named { () throws(SystemError) in try storage.isLocked(file) }
    }

    func size() throws(SystemError) -> Int {
        try named { () throws(SystemError) in try storage.size(file) }
    }

    var freeRoom: Int? { storage.freeRoom(file) }

    private func named<R>(_ body: () throws(SystemError) -> R) throws(SystemError) -> R {
        do throws(SystemError) { return try Retry.interrupted(body) } catch {
            throw SystemError(error.errno, error.call, path.description)
        }
    }
}

enum Retry {
    /// Repeats a call that a signal interrupted. Nothing else is ever repeated.
    static func interrupted<R>(_ body: () throws(SystemError) -> R) throws(SystemError) -> R {
        while true {
            do throws(SystemError) { return try body() } catch {
                if error.errno != .interrupted { throw error }
            }
        }
    }
}
