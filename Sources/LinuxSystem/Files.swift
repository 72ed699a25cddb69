package import Glibc

/// Whole-file operations that keep their promise through a crash.
package enum Files {
    /// Reads a whole regular file. Does not wait on a FIFO.
    ///
    /// - Parameter followsLinks: whether a link in the last component is followed: right where a person
    ///   names the file, and nowhere else.
    /// - Throws: EFBIG beyond `limit` bytes, EINVAL for anything that is not a file.
    package static func read(
        _ path: FilePath, limit: Int, followsLinks: Bool = false
    ) throws(SystemError) -> [UInt8] {
        let file = try FileDescriptor.open(
            path, O_RDONLY | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard try file.status().kind == .regular else {
            throw SystemError(.invalid, "read", path.description)
        }
        return try file.readAll(limit: limit)
    }

    /// Replaces a file so that a reader sees the old bytes or the new ones, never a mixture, and so
    /// that the new ones survive a power cut once this returns. The temporary name begins with a dot.
    ///
    /// - Parameter temporary: where there is one writer, a name of its own: what a killed process left
    ///   there is taken away by the next one. Nil for a name that nobody else has.
    package static func replace(
        _ path: FilePath, with bytes: [UInt8], mode: mode_t = 0o644, durable: Bool = true,
        temporary given: FilePath? = nil
    ) throws(SystemError) {
        if let given { try? unlink(given) }
        let temporary =
            given
            ?? path.parent.appending(
                ".\(path.name.string).\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp")
        do throws(SystemError) {
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            try file.writeAll(bytes)
            if durable { try file.syncData() }
            try rename(temporary, path)
        } catch {
            try? unlink(temporary)
            throw error
        }
        if durable { try syncDirectory(path.parent) }
    }

    package static func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) {
        _ = try from.withCString { old throws(SystemError) in
            try to.withCString { new throws(SystemError) in
                try systemCall("rename", "\(from) to \(to)") { Glibc.rename(old, new) }
            }
        }
    }

    package static func unlink(_ path: FilePath) throws(SystemError) {
        _ = try path.withCString { name throws(SystemError) in
            try systemCall("unlink", path.description) { Glibc.unlink(name) }
        }
    }

    /// Forces a directory's entries to the disk. An empty path is the working directory.
    package static func syncDirectory(_ path: FilePath) throws(SystemError) {
        let directory = try FileDescriptor.open(
            path.bytes.isEmpty ? FilePath(".") : path, O_RDONLY | O_DIRECTORY)
        try directory.sync()
    }

    /// Makes a directory and those above it; says nothing when it is there already.
    package static func makeDirectories(
        _ path: FilePath, mode: mode_t = 0o755
    ) throws(SystemError) {
        do throws(SystemError) {
            _ = try path.withCString { name throws(SystemError) in
                try systemCall("mkdir", path.description) { mkdir(name, mode) }
            }
        } catch {
            switch error.errno {
            case .exists:
                guard let found = try FileStatus.of(path), found.kind != .directory else { return }
                if found.kind == .symbolicLink { return }
                throw error
            case .notFound where !path.parent.bytes.isEmpty:
                try makeDirectories(path.parent, mode: mode)
                // Once only: where nothing can be made (in /proc, say) it is still not found.
                _ = try path.withCString { name throws(SystemError) in
                    try systemCall("mkdir", path.description) { mkdir(name, mode) }
                }
            default: throw error
            }
        }
    }

    /// The names in a directory, without `.` and `..`, in the order of their bytes.
    package static func names(in path: FilePath) throws(SystemError) -> [FilePath] {
        let directory = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        let raw = directory.release()
        guard let stream = fdopendir(raw) else {
            let failure = SystemError(.current, "fdopendir", path.description)
            _ = Glibc.close(raw)
            throw failure
        }
        defer { closedir(stream) }
        var names: [FilePath] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemError(.current, "readdir", path.description) }
                return names.sorted()
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                FilePath(bytes: bytes.prefix { $0 != 0 })
            }
            if name.bytes != Array(".".utf8), name.bytes != Array("..".utf8) { names.append(name) }
        }
    }
}
