import Glibc
import LinuxSystem

/// The end of sd_notify(3) that a service manager has.
final class NotifySocket {
    let path: FilePath
    private let descriptor: FileDescriptor
    /// Everything that came so far.
    private(set) var messages: [String] = []

    init(_ path: FilePath) throws {
        self.path = path
        try? Files.unlink(path)
        let raw = try systemCall("socket") {
            socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        }
        descriptor = FileDescriptor(owning: raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Trouble("\(path) is too long for a socket: set TMPDIR to a shorter path")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        _ = try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try systemCall("bind") { bind(raw, address, size) }
            }
        }
    }

    deinit { try? Files.unlink(path) }

    /// Waits for a message with this line. - Throws: when the process ends before it says so.
    func wait(
        for line: String, from child: ChildProcess, _ log: () -> String
    ) throws {
        let end = try ChildProcess.descriptor(of: child.pid)
        let deadline = monotonicNanoseconds() + Workspace.patience * 1_000_000
        while true {
            let left = (deadline - monotonicNanoseconds()) / 1_000_000
            guard left > 0 else { throw Trouble("\(line) never came: \(log())") }
            let ready = try waitReadable([descriptor.raw, end.raw], milliseconds: Int(left))
            if ready[0] {
                let message = try receive()
                messages.append(message)
                if message.split(separator: "\n").contains(Substring(line)) { return }
            } else if ready[1] {
                throw Trouble("the daemon ended before \(line): \(log())")
            }
        }
    }

    private func receive() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try systemCall("recv") { recv(descriptor.raw, &buffer, buffer.count, 0) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
