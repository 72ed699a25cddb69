import CLinux
package import Glibc

/// Opening what others may change under our hands: below a directory, without following links.
extension FileDescriptor {
    /// The longest relative path given to the kernel at once; longer ones are walked in parts,
    /// because a tree may be deeper than PATH_MAX (4096 with the terminating zero).
    private static let longestPart = 4000

    /// Opens a path below this directory; no component may be a symbolic link, and `..` cannot leave
    /// the directory.
    ///
    /// - Parameter path: relative, without empty components; it may be longer than PATH_MAX.
    /// - Throws: ELOOP where a component is a link, EXDEV where the path would escape.
    package func open(
        beneath path: FilePath, _ flags: CInt, mode: mode_t = 0
    ) throws(SystemError) -> FileDescriptor {
        guard path.bytes.count > Self.longestPart,
            let cut = path.bytes[..<Self.longestPart].lastIndex(of: UInt8(ascii: "/"))
        else { return try openPart(path, flags, mode) }
        let head = try openPart(
            FilePath(bytes: path.bytes[..<cut]), O_DIRECTORY | CInt(CLINUX_O_PATH), 0)
        return try head.open(
            beneath: FilePath(bytes: path.bytes[(cut + 1)...]), flags, mode: mode)
    }

    private func openPart(
        _ path: FilePath, _ flags: CInt, _ mode: mode_t
    ) throws(SystemError) -> FileDescriptor {
        let resolve = UInt64(
            CLINUX_RESOLVE_BENEATH | CLINUX_RESOLVE_NO_SYMLINKS | CLINUX_RESOLVE_NO_MAGICLINKS)
        do throws(SystemError) {
            let opened = try path.withCString { name throws(SystemError) in
                try systemCall("openat2", path.description) {
                    clinux_openat2(
                        raw, name, UInt64(flags | O_CLOEXEC | O_NOFOLLOW), UInt64(mode), resolve)
                }
            }
            return FileDescriptor(owning: opened)
        } catch {
            // Kernels before 5.6 and some container filters do not know the call.
            guard error.errno == .unknownCall else { throw error }
            return try openStepwise(path, flags, mode)
        }
    }

    /// The same promise without openat2: one component after the other, none followed.
    private func openStepwise(
        _ path: FilePath, _ flags: CInt, _ mode: mode_t
    ) throws(SystemError) -> FileDescriptor {
        let names = path.bytes.split(separator: UInt8(ascii: "/"))
        guard let last = names.last, !names.contains(where: { $0.elementsEqual("..".utf8) }) else {
            throw SystemError(.crossDevice, "openat", path.description)
        }
        var directory = try open(at: FilePath("."), O_DIRECTORY | CInt(CLINUX_O_PATH))
        for name in names.dropLast() {
            directory = try directory.open(
                at: FilePath(bytes: name), O_DIRECTORY | O_NOFOLLOW | CInt(CLINUX_O_PATH))
        }
        return try directory.open(at: FilePath(bytes: last), flags | O_NOFOLLOW, mode: mode)
    }

    /// The status of a name in this directory, links not followed; nil when there is nothing.
    package func status(of name: FilePath) throws(SystemError) -> FileStatus? {
        var status = stat()
        do throws(SystemError) {
            _ = try name.withCString { pointer throws(SystemError) in
                try systemCall("fstatat", name.description) {
                    fstatat(raw, pointer, &status, AT_SYMLINK_NOFOLLOW)
                }
            }
        } catch {
            if error.errno == .notFound || error.errno == .notDirectory { return nil }
            throw error
        }
        return FileStatus(status)
    }
}
