package import Glibc

/// What stat(2) says about an inode.
public struct FileStatus: Equatable, Sendable {
    public enum Kind: Sendable {
        case regular, directory, symbolicLink, fifo, socket, device, other
    }

    public let kind: Kind
    public let device: UInt64
    public let inode: UInt64
    public let size: Int
    public let links: Int
    public let user: UInt32
    public let group: UInt32
    /// Permission bits, with set-id and sticky.
    public let mode: UInt32
    /// Nanoseconds since 1970.
    public let modified: Int64
    /// Nanoseconds since 1970, of the last change of the inode.
    public let changed: Int64

    package init(_ s: stat) {
        switch s.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        case S_IFIFO: kind = .fifo
        case S_IFSOCK: kind = .socket
        case S_IFCHR, S_IFBLK: kind = .device
        default: kind = .other
        }
        device = UInt64(s.st_dev)
        inode = UInt64(s.st_ino)
        size = Int(s.st_size)
        links = Int(s.st_nlink)
        user = s.st_uid
        group = s.st_gid
        mode = s.st_mode & 0o7777
        modified = Int64(s.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(s.st_mtim.tv_nsec)
        changed = Int64(s.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(s.st_ctim.tv_nsec)
    }

    /// The status of a path, links not followed; nil when there is nothing.
    package static func of(_ path: FilePath) throws(SystemError) -> FileStatus? {
        var status = stat()
        do throws(SystemError) {
            _ = try path.withCString { name throws(SystemError) in
                try systemCall("lstat", path.description) { lstat(name, &status) }
            }
        } catch {
            if error.errno == .notFound || error.errno == .notDirectory { return nil }
            throw error
        }
        return FileStatus(status)
    }
}
