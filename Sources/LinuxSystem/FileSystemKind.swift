import CLinux
import Glibc

/// What a file system can be relied upon for, by its magic number (statfs(2)).
package enum FileSystemKind: Equatable, Sendable {
    /// Changes are notified, leases are granted.
    case local(magic: Int64)
    /// Others change files without this kernel hearing of it.
    case silent(name: String)

    /// - Throws: `SystemError` of fstatfs.
    package init(of descriptor: borrowing FileDescriptor) throws(SystemError) {
        let magic = clinux_filesystem_type(descriptor.raw)
        if magic == -1 { throw SystemError(.current, "fstatfs") }
        self = FileSystemKind(magic: magic)
    }

    package init(magic: Int64) {
        // From linux/magic.h and the file systems' own headers.
        switch UInt32(truncatingIfNeeded: magic) {
        case 0x6969: self = .silent(name: "nfs")
        case 0xFF53_4D42, 0xFE53_4D42, 0x517B: self = .silent(name: "smb")
        case 0x0102_1997: self = .silent(name: "9p")
        case 0x6573_5546: self = .silent(name: "fuse")
        case 0x00C3_6400: self = .silent(name: "ceph")
        case 0x5346_414F, 0x6B41_4653: self = .silent(name: "afs")
        case 0x0BD0_0BD0: self = .silent(name: "lustre")
        case 0x4750_4653: self = .silent(name: "gpfs")
        case 0x0116_1970: self = .silent(name: "gfs2")
        case 0x7461_636F: self = .silent(name: "ocfs2")
        case 0x786F_4256: self = .silent(name: "vboxsf")
        default: self = .local(magic: magic)
        }
    }

    /// Whether fdatasync of one file flushes the cache of the disk, also for what other files wrote in
    /// place before: ext4's `ext4_sync_file`, which never writes elsewhere than where a block is.
    package var flushesForAll: Bool { self == .local(magic: 0xEF53) }

    /// Whether a change after a `stat` always gets another ctime: multigrain timestamps, Linux 6.13
    /// (ext4, XFS, btrfs, tmpfs). Elsewhere two changes within a clock tick look the same.
    package func hasFineTimestamps(kernel: (major: Int, minor: Int)) -> Bool {
        guard case .local(let magic) = self, kernel >= (6, 13) else { return false }
        return [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994].contains(magic)
    }
}

/// The running kernel's version; (0, 0) where it cannot be read.
package func kernelVersion() -> (major: Int, minor: Int) {
    var name = utsname()
    guard uname(&name) == 0 else { return (0, 0) }
    let release = withUnsafeBytes(of: &name.release) { $0.prefix { $0 != 0 }.map(\.self) }
    let numbers = release.split { !(48...57).contains($0) }.prefix(2)
        .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
}

/// The clock that the kernel stamps files with, in nanoseconds since 1970, and the length of its
/// tick. Without multigrain timestamps two changes within a tick carry the same time.
package func fileClock() -> (now: Int64, tick: Int64) {
    var now = timespec()
    var resolution = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &now)
    clock_getres(CLOCK_REALTIME_COARSE, &resolution)
    return (
        Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec),
        Int64(resolution.tv_sec) &* 1_000_000_000 &+ Int64(resolution.tv_nsec)
    )
}
