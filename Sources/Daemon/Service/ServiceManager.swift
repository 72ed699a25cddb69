import Glibc
import LinuxSystem

/// Speaks sd_notify(3) to the service manager, when there is one.
package struct ServiceManager: Sendable {
    private let socket: String?
    /// Microseconds after which systemd takes a silent daemon for dead; nil when it does not watch.
    package let watchdogMicroseconds: UInt64?

    package init() {
        socket = ProgramCommand.variable("NOTIFY_SOCKET")
        let isForUs =
            ProgramCommand.variable("WATCHDOG_PID").flatMap { pid_t($0) }.map { $0 == getpid() }
            ?? true
        watchdogMicroseconds =
            isForUs ? ProgramCommand.variable("WATCHDOG_USEC").flatMap { UInt64($0) } : nil
    }

    package func ready(_ status: String) {
        // Without this one it would take the start for failed, so it is given time to listen.
        send("READY=1\nSTATUS=\(status)", milliseconds: 1000)
    }
    /// The start takes so much longer.
    package func starting(_ status: String, seconds: Int) {
        send("STATUS=\(status)\nEXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)")
    }
    package func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(ProgramRunner.monotonicMilliseconds() * 1000)")
    }
    package func stopping(_ status: String) { send("STOPPING=1\nSTATUS=\(status)") }
    package func alive() { send("WATCHDOG=1") }

    /// - Parameter milliseconds: how long a manager that does not listen is waited for; its queue is
    ///   short, and when it is full the message is dropped.
    private func send(_ message: String, milliseconds: Int = 100) {
        guard let path = socket, let first = path.utf8.first else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        // An abstract socket is written with an at sign and addressed with a zero byte.
        if first == UInt8(ascii: "@") { name[0] = 0 }
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let descriptor = Glibc.socket(
            AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bytes = Array(message.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
