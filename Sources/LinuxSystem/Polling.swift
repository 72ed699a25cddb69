import CLinux
import Glibc

/// A descriptor that other threads make readable to wake the one that waits on it: eventfd(2).
package struct WakeUp: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    package init() throws(SystemError) {
        descriptor = FileDescriptor(owning: try systemCall("eventfd") { clinux_eventfd() })
    }

    package func signal() {
        var one: UInt64 = 1
        // EAGAIN would mean 2⁶⁴ signals not yet seen: the waiting thread wakes in any case.
        _ = withUnsafeBytes(of: &one) { Glibc.write(descriptor.raw, $0.baseAddress, 8) }
    }

    /// Makes the descriptor quiet again.
    package func clear() {
        var count: UInt64 = 0
        _ = withUnsafeMutableBytes(of: &count) { Glibc.read(descriptor.raw, $0.baseAddress, 8) }
    }
}

/// Waits until one of the descriptors can be read, or the time is over.
///
/// - Parameters:
///   - descriptors: negative ones are passed over.
///   - milliseconds: nil waits for ever.
/// - Returns: for each descriptor whether it can be read (or has an error to be read).
package func waitReadable(
    _ descriptors: [CInt], milliseconds: Int?
) throws(SystemError) -> [Bool] {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let timeout = milliseconds.map { CInt(clamping: max(0, $0)) } ?? -1
    let count = poll(&polled, nfds_t(polled.count), timeout)
    if count < 0, Errno.current != .interrupted { throw SystemError(.current, "poll") }
    return polled.map { count > 0 && $0.revents != 0 }
}

/// Time that only goes forward, in nanoseconds; it stands still while the machine sleeps.
package func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
}
