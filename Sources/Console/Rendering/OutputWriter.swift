import Glibc
import Synchronization

/// Where a program writes its lines. Buffered; a terminal gets each line at once.
///
/// A reader that goes away (`millrace events | head`) is not an error: nothing is written any more,
/// nothing is said, and `onClosed` decides how to stop. Any other failure (a full disk) is kept in
/// `problem`, so that a program does not report success for output that was never stored.
package final class OutputWriter: Sendable {
    package let terminal: Terminal
    private let descriptor: CInt?
    private let onClosed: @Sendable () -> Void
    private let state: Mutex<State>

    private struct State {
        var buffer: [UInt8] = []
        var isClosed = false
        var problem: CInt?
    }

    private static let bufferBytesMax = 1 << 16

    /// - Parameters:
    ///   - descriptor: stays open and is not owned. SIGPIPE must be ignored in this process.
    ///   - onClosed: called once, when the reader has gone.
    package init(
        _ descriptor: CInt, terminal: Terminal? = nil,
        onClosed: @escaping @Sendable () -> Void = {}
    ) {
        self.descriptor = descriptor
        self.terminal = terminal ?? .detect(descriptor)
        self.onClosed = onClosed
        state = Mutex(State())
    }

    /// A writer that keeps everything in memory, for tests and for pages made of pages.
    package init(capturing terminal: Terminal) {
        descriptor = nil
        self.terminal = terminal
        onClosed = {}
        state = Mutex(State())
    }

    package func line(_ text: Text = Text()) {
        write(text.rendered(color: terminal.usesColor) + "\n")
    }

    package func lines(_ texts: [Text]) {
        for text in texts { line(text) }
    }

    /// Writes text as it is: for JSON, scripts and other output that programs read. The caller
    /// answers for control characters in it.
    package func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in append(bytes) }
        if terminal.isInteractive { flush() }
    }

    /// Writes bytes as they are.
    package func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { append($0) }
        if terminal.isInteractive { flush() }
    }

    package func flush() {
        let closedNow = state.withLock { empty(&$0) }
        if closedNow { onClosed() }
    }

    /// What a capturing writer has got so far.
    package var captured: String {
        state.withLock { String(decoding: $0.buffer, as: UTF8.self) }
    }

    /// True once the reader has gone: endless output (`--follow`) ends here.
    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// The errno of the first write that failed for another reason than a reader who left.
    package var problem: CInt? { state.withLock { $0.problem } }

    private func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let closedNow = state.withLock { state in
            if state.isClosed || state.problem != nil { return false }
            state.buffer.append(contentsOf: bytes)
            guard descriptor != nil, state.buffer.count >= Self.bufferBytesMax else { return false }
            return empty(&state)
        }
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

/// The two outputs of a program: results, and everything that is said about them.
package struct Streams: Sendable {
    package let out: OutputWriter
    package let err: OutputWriter

    package init(out: OutputWriter, err: OutputWriter) {
        self.out = out
        self.err = err
    }

    /// This process's standard output and standard error. A reader of the output who leaves ends
    /// the process as SIGPIPE would, with its status, but after nothing was left half done.
    package static func standard(onClosed: @escaping @Sendable () -> Void = quietExit) -> Streams {
        signal(SIGPIPE, SIG_IGN)
        return Streams(
            out: OutputWriter(STDOUT_FILENO, onClosed: onClosed), err: OutputWriter(STDERR_FILENO))
    }

    /// The same outputs without colour.
    package var withoutColor: Streams {
        Streams(out: out.withoutColor, err: err.withoutColor)
    }

    package static let quietExit: @Sendable () -> Void = { exit(128 + SIGPIPE) }
}

extension OutputWriter {
    fileprivate var withoutColor: OutputWriter {
        var plain = terminal
        plain.usesColor = false
        guard let descriptor, terminal.usesColor else { return self }
        flush()
        return OutputWriter(descriptor, terminal: plain, onClosed: onClosed)
    }
}
