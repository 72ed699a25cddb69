package import Glibc

/// An open file descriptor that is closed when it goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
    public let raw: CInt

    /// Takes ownership of an open descriptor.
    package init(owning raw: CInt) { self.raw = raw }

    deinit { _ = Glibc.close(raw) }

    /// Opens a path given as bytes (no terminating zero; a zero byte inside is refused).
    ///
    /// `O_CLOEXEC` is always added. - Throws: `SystemError` of `open`.
    package static func open(
        _ path: FilePath, _ flags: CInt, mode: mode_t = 0o600
    ) throws(SystemError) -> FileDescriptor {
        let raw = try path.withCString { name throws(SystemError) in
            try systemCall("open", path.description) { Glibc.open(name, flags | O_CLOEXEC, mode) }
        }
        return FileDescriptor(owning: raw)
    }

    /// Opens a path below this directory.
    package func open(
        at path: FilePath, _ flags: CInt, mode: mode_t = 0o600
    ) throws(SystemError) -> FileDescriptor {
        let raw = try path.withCString { name throws(SystemError) in
            try systemCall("openat", path.description) {
                Glibc.openat(self.raw, name, flags | O_CLOEXEC, mode)
            }
        }
        return FileDescriptor(owning: raw)
    }

    package func status() throws(SystemError) -> FileStatus {
        var status = stat()
        try systemCall("fstat") { fstat(raw, &status) }
        return FileStatus(status)
    }

    /// Reads at most `buffer.count` bytes; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        try systemCall("read") { Glibc.read(raw, buffer.baseAddress, buffer.count) }
    }

    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        try systemCall("pread") { pread(raw, buffer.baseAddress, buffer.count, off_t(offset)) }
    }

    /// Writes all the bytes, going on where a short write stopped.
    package func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try systemCall("write") { Glibc.write(raw, rest.baseAddress, rest.count) }
        }
    }

    package func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try systemCall("pwrite") {
                pwrite(raw, rest.baseAddress, rest.count, off_t(offset + done))
            }
        }
    }

    package func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { try writeAll(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Reads from the current position to the end. - Throws: EFBIG beyond `limit` bytes.
    package func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(max(limit, 1), 1 << 16))
        while true {
            var count = 0
            var failure: SystemError?
            chunk.withUnsafeMutableBytes { buffer in
                do throws(SystemError) { count = try read(into: buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            if count == 0 { return bytes }
            if bytes.count + count > limit { throw SystemError(Errno(EFBIG), "read") }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Forces the file's bytes to the disk. An error here must never be followed by a second try on
    /// this descriptor: the kernel marks the pages clean and the next call lies.
    package func syncData() throws(SystemError) { try systemCall("fdatasync") { fdatasync(raw) } }

    /// Forces bytes and metadata (for a directory: its entries) to the disk.
    package func sync() throws(SystemError) { try systemCall("fsync") { fsync(raw) } }

    package func truncate(to size: Int) throws(SystemError) {
        try systemCall("ftruncate") { ftruncate(raw, off_t(size)) }
    }

    /// Takes an advisory lock that the kernel drops with the process. False: another holds it.
    package func lock(exclusive: Bool = true) throws(SystemError) -> Bool {
        do {
            try systemCall("flock") { flock(raw, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) }
            return true
        } catch {
            if error.errno == .again { return false }
            throw error
        }
    }

    /// Gives up ownership without closing.
    package consuming func release() -> CInt {
        let raw = raw
        discard self
        return raw
    }

    /// Closes and reports what `deinit` would swallow.
    package consuming func close() throws(SystemError) {
        let raw = release()
        // EINTR from close means closed on Linux: it must not be repeated.
        if Glibc.close(raw) == -1, Errno.current != .interrupted {
            throw SystemError(.current, "close")
        }
    }
}
