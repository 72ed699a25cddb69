import CLinux
import Glibc

/// Goes off at a moment of the clock on the wall, also when the machine slept or the clock was set
/// meanwhile: timerfd_create(2).
package struct WallTimer: ~Copyable, Sendable {
    /// Readable when the moment has come, or the clock was set: look at the clock.
    package let descriptor: FileDescriptor

    package init() throws(SystemError) {
        descriptor = FileDescriptor(owning: try systemCall("timerfd_create") { clinux_timerfd() })
    }

    /// - Parameter microseconds: since 1970; a moment that is over goes off at once; nil for never.
    package func set(_ microseconds: Int64?) throws(SystemError) {
        let moment = microseconds.map { max(1, $0) } ?? 0
        try systemCall("timerfd_settime") { clinux_timerfd_set(descriptor.raw, moment) }
    }

    /// Makes the descriptor quiet again.
    package func clear() {
        var count: UInt64 = 0
        // ECANCELED says that the clock was set: the caller looks at it in any case.
        _ = withUnsafeMutableBytes(of: &count) { Glibc.read(descriptor.raw, $0.baseAddress, 8) }
    }
}
