import CLinux
import Glibc
import LinuxSystem
import Millrace

/// A program that runs: its process, its three streams, and how far the conversation is.
///
/// Used by one thread, on which it is also started: the kernel kills the process when that thread ends,
/// however the daemon dies.
final class ExternalSession {
    let external: ExternalPlugin
    let file: FileStatus
    var conversation: ExternalConversation
    private let child: ChildProcess
    private let ending: FileDescriptor
    private var input: FileDescriptor?
    private let output: FileDescriptor
    private let errors: FileDescriptor
    private var unsent: [UInt8] = []
    private var heard: [UInt8] = []
    private var complaint: [UInt8] = []

    /// What a line of its standard error may have.
    private static let complaintLimit = 4096

    /// What the descriptors have brought.
    struct Ready {
        var words: [Result<ExternalProtocol.Word, any Error>] = []
        var complaints: [String] = []
        /// It has closed its output, or ended.
        var isOver = false
    }

    /// - Parameter program: a file that has been found trustworthy.
    init(
        _ request: ExternalRequest, program: FilePath, file: FileStatus, workspace: FilePath,
        at now: Int64
    ) throws {
        external = request.settings
        self.file = file
        let toProgram = try PipeEnds()
        let fromProgram = try PipeEnds()
        let complaints = try PipeEnds()
        child = try ChildProcess.spawn(
            program, arguments: external.arguments.map { Array($0.utf8) },
            environment: JobEnvironment.make(workspace: workspace),
            directory: workspace, input: toProgram.read.raw, output: fromProgram.write.raw,
            error: complaints.write.raw, newSession: true, diesWithThread: true)
        ending = try ChildProcess.descriptor(of: child.pid)
        for end in [toProgram.write.raw, fromProgram.read.raw, complaints.read.raw] {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        input = .some(toProgram.write)
        output = fromProgram.read
        errors = complaints.read
        conversation = ExternalConversation(at: now)
        // A program that has ended must not end this one.
        signal(SIGPIPE, SIG_IGN)
        send(
            ExternalProtocol.hello(
                request.plugin, external.settings, workspace: workspace.string))
    }

    var pid: pid_t { child.pid }

    func send(_ line: [UInt8]) {
        unsent += line
        flush()
    }

    /// Writes as much as the pipe takes.
    private func flush() {
        guard let raw = input?.raw else { return }
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes { write(raw, $0.baseAddress, $0.count) }
            // Whoever has closed its input is about to end, and that will be seen.
            if count < 0 { return errno == EINTR ? flush() : () }
            unsent.removeFirst(count)
        }
    }

    /// Waits until there is something to do, or the time is over.
    ///
    /// - Parameter wake: another descriptor that ends the waiting.
    func wait(_ wake: CInt, milliseconds: Int64) throws -> Ready {
        let writing = unsent.isEmpty ? -1 : (input?.raw ?? -1)
        var polled = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            pollfd(fd: output.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: ending.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: writing, events: Int16(POLLOUT), revents: 0),
        ]
        _ = poll(&polled, 5, CInt(clamping: milliseconds))
        var ready = Ready()
        if polled[4].revents != 0 { flush() }
        if polled[2].revents != 0 { readErrors(&ready) }
        if polled[1].revents != 0 { readOutput(&ready) }
        if polled[3].revents != 0 { ready.isOver = true }
        return ready
    }

    private func readOutput(_ ready: inout Ready) {
        guard let bytes = ExternalSession.read(output.raw) else { return }
        ready.isOver = bytes.isEmpty
        // What was heard before has no end of a line in it.
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            heard += rest[..<end]
            rest = rest[(end + 1)...]
            let line = heard[...]
            ready.words.append(Result { try ExternalProtocol.read(line) })
            heard = []
        }
        heard += rest
        if heard.count > ExternalProtocol.lineLimit {
            ready.words.append(
                .failure(
                    ReactionError(
                        "a line of its answer has more than \(ExternalProtocol.lineLimit) bytes")))
            heard = []
        }
    }

    private func readErrors(_ ready: inout Ready) {
        guard let bytes = ExternalSession.read(errors.raw) else { return }
        complaint += bytes
        while let end = complaint.firstIndex(of: UInt8(ascii: "\n")) {
            ready.complaints.append(ExternalSession.text(complaint[..<end]))
            complaint.removeSubrange(...end)
        }
        // What is left has no end yet; nor will it be kept for ever.
        if complaint.count > ExternalSession.complaintLimit || bytes.isEmpty, !complaint.isEmpty {
            ready.complaints.append(ExternalSession.text(complaint[...]))
            complaint = []
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix(complaintLimit), as: UTF8.self)
    }

    /// Nil when there is nothing now; empty at the end.
    private static func read(_ descriptor: CInt) -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
        return Array(chunk[..<count])
    }

    /// Ends the process with all that it started. - Returns: how it had ended, for a message.
    ///
    /// - Parameter grace: milliseconds that it is given after the end of its input.
    func end(grace: Int64 = 0) -> String {
        input = nil
        if grace > 0 { _ = try? waitReadable([ending.raw], milliseconds: Int(grace)) }
        let hadEnded = (try? waitReadable([ending.raw], milliseconds: 0)) == [true]
        kill(-child.pid, SIGKILL)
        kill(child.pid, SIGKILL)
        let how = try? child.wait()
        guard hadEnded else { return "it was killed" }
        return switch how {
        case .exited(let code)?: "its process ended with status \(code)"
        case .killed(let signal)?: "its process was ended by signal \(signal)"
        case nil: "its process ended"
        }
    }
}

/// The two ends of a pipe, each closed when it is let go.
private struct PipeEnds: ~Copyable {
    let read: FileDescriptor
    let write: FileDescriptor

    init() throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        try systemCall("pipe2") { clinux_pipe_cloexec(&ends) }
        read = FileDescriptor(owning: ends[0])
        write = FileDescriptor(owning: ends[1])
    }
}
