import Glibc
import Synchronization

/// The buffer in front of a descriptor, shared by all the writers that write there.
final class OutputSink: Sendable {
    /// Nil: everything stays in the buffer.
    private let descriptor: CInt?
    private let onClosed: @Sendable () -> Void
    private let state = Mutex(State())

    private struct State {
        var buffer: [UInt8] = []
        var isClosed = false
        var problem: CInt?
    }

    private static let bufferBytesMax = 1 << 16

    init(_ descriptor: CInt?, onClosed: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        self.onClosed = onClosed
    }

    var content: [UInt8] { state.withLock { $0.buffer } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    var problem: CInt? { state.withLock { $0.problem } }

    func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let closedNow = state.withLock { state in
            if state.isClosed || state.problem != nil { return false }
            state.buffer.append(contentsOf: bytes)
            return state.buffer.count >= Self.bufferBytesMax ? empty(&state) : false
        }
        if closedNow { onClosed() }
    }

    func flush() {
        let closedNow = state.withLock { empty(&$0) }
        if closedNow { onClosed() }
    }

    /// Writes out the buffer. True: the reader turned out to be gone just now.
    private func empty(_ state: inout State) -> Bool {
        guard let descriptor, !state.buffer.isEmpty else { return false }
        defer { state.buffer.removeAll(keepingCapacity: true) }
        if state.isClosed || state.problem != nil { return false }
        let failure = state.buffer.withUnsafeBytes { Self.writeAll($0, to: descriptor) }
        guard let failure else { return false }
        // A socket whose peer has gone says ECONNRESET where a pipe says EPIPE.
        if failure == EPIPE || failure == ECONNRESET {
            state.isClosed = true
            return true
        }
        state.problem = failure
        return false
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> CInt? {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                // Another program made the shared terminal non-blocking: wait until it takes more.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
