import CLinux
import Glibc

/// Whether anybody can still change a file through an open descriptor or a mapping.
package enum WriterProbe: Equatable, Sendable {
    case none
    case present
    /// The question cannot be asked here: the file belongs to another user, or its file system has
    /// no leases.
    case unknown
}

extension FileDescriptor {
    /// Asks the kernel by taking a read lease (F_SETLEASE, fcntl(2)) and giving it back at once:
    /// it is granted only while nobody has the inode open, or mapped, for writing.
    ///
    /// The descriptor must have been opened for reading alone. While the lease is held, for some
    /// microseconds, one who opens the file for writing waits. The process must ignore SIGIO, which
    /// the kernel sends it in that case (`ignoreLeaseSignals`).
    package func probeWriters() -> WriterProbe {
        if clinux_set_read_lease(raw) == 0 {
            _ = clinux_release_lease(raw)
            return .none
        }
        return Errno.current == .again ? .present : .unknown
    }

    /// To be called once before leases are taken: SIGIO would otherwise end the process.
    package static func ignoreLeaseSignals() { _ = signal(SIGIO, SIG_IGN) }
}
