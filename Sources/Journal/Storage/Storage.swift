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
}

/// An open file that goes through a `Storage`: loops over short and interrupted calls, and names
/// the file in errors.
final class StoredFile: @unchecked Sendable {
    // Unchecked: immutable after init, and the kernel orders the calls.
    let path: FilePath
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

    func size() throws(SystemError) -> Int {
        try named { () throws(SystemError) in try storage.size(file) }
    }

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
