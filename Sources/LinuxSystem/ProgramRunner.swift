import CLinux
import Glibc

/// Runs a program to its end, feeding and collecting its streams, with a limit on time and output.
package enum ProgramRunner {
    package struct Result: Sendable {
        package let ending: ChildProcess.Ending
        package let output: [UInt8]
        package let errorOutput: [UInt8]
        package let timedOut: Bool
    }

    /// Finds a program: a name with a slash is a path, any other is looked up in `PATH`.
    package static func find(_ name: String, path: String) -> FilePath? {
        if name.contains("/") { return FilePath(name) }
        guard !name.isEmpty else { return nil }
        for folder in path.split(separator: ":") {
            let candidate = FilePath(String(folder)).appending(name)
            if candidate.withCString({ access($0, X_OK) }) == 0 { return candidate }
        }
        return nil
    }

    /// Blocks the calling thread until the program has ended and closed its streams.
    ///
    /// - Parameters:
    ///   - limit: bytes kept of each stream; what comes after is read and dropped.
    ///   - milliseconds: after which the program and all that it started are killed.
    package static func run(
        _ program: FilePath, arguments: [[UInt8]], environment: [[UInt8]], directory: FilePath?,
        input: [UInt8], limit: Int, milliseconds: Int64
    ) throws(SystemError) -> Result {
        var pipes = try Pipes()
        let child = try ChildProcess.spawn(
            program, arguments: arguments, environment: environment, directory: directory,
            input: pipes.input.read, output: pipes.output.write, error: pipes.error.write,
            newSession: true)
        pipes.closeChildEnds()
        // A program that does not read its input must not end this one.
        signal(SIGPIPE, SIG_IGN)
        _ = fcntl(pipes.input.write, F_SETFL, O_NONBLOCK)
        let ending = try ChildProcess.descriptor(of: child.pid)
        var transfer = Transfer(input: input, limit: limit)
        let start = monotonicMilliseconds()
        var timedOut = false
        var hasEnded = false
        while !hasEnded || pipes.output.read >= 0 || pipes.error.read >= 0 {
            let left = start + milliseconds - monotonicMilliseconds()
            if left <= 0, !timedOut {
                timedOut = true
                kill(-child.pid, SIGKILL)
            }
            // After its end a grandchild may hold the streams: they get a moment, no more.
            let wait: Int64 = timedOut || hasEnded ? 200 : min(left, 60_000)
            var polled = [
                pollfd(fd: hasEnded ? -1 : ending.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipes.output.read, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipes.error.read, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipes.input.write, events: Int16(POLLOUT), revents: 0),
            ]
            let count = try systemCall("poll") { poll(&polled, 4, CInt(max(wait, 0))) }
            if count == 0, timedOut || hasEnded { break }
            if polled[0].revents != 0 { hasEnded = true }
            if polled[1].revents != 0, !transfer.read(pipes.output.read, error: false) {
                Pipes.close(&pipes.output.read)
            }
            if polled[2].revents != 0, !transfer.read(pipes.error.read, error: true) {
                Pipes.close(&pipes.error.read)
            }
            if polled[3].revents != 0, !transfer.write(pipes.input.write) {
                Pipes.close(&pipes.input.write)
            }
        }
        let result = Result(
            ending: try child.wait(), output: transfer.output, errorOutput: transfer.errorOutput,
            timedOut: timedOut)
        // Whatever it left running goes with it.
        kill(-child.pid, SIGKILL)
        return result
    }

    /// Milliseconds of a clock that nobody sets.
    package static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// The three pairs of pipe ends between a program and its runner; -1 once closed.
private struct Pipes: ~Copyable {
    struct Ends {
        var read: CInt
        var write: CInt
    }

    var input = Ends(read: -1, write: -1)
    var output = Ends(read: -1, write: -1)
    var error = Ends(read: -1, write: -1)

    init() throws(SystemError) {
        input = try Pipes.make()
        output = try Pipes.make()
        error = try Pipes.make()
    }

    deinit {
        for end in [input.read, input.write, output.read, output.write, error.read, error.write]
        where end >= 0 {
            _ = Glibc.close(end)
        }
    }

    private static func make() throws(SystemError) -> Ends {
        var ends: [CInt] = [-1, -1]
        try systemCall("pipe2") { clinux_pipe_cloexec(&ends) }
        return Ends(read: ends[0], write: ends[1])
    }

    mutating func closeChildEnds() {
        Pipes.close(&input.read)
        Pipes.close(&output.write)
        Pipes.close(&error.write)
    }

    static func close(_ end: inout CInt) {
        if end >= 0 { _ = Glibc.close(end) }
        end = -1
    }
}

/// What has gone in and come out so far.
private struct Transfer {
    let input: [UInt8]
    let limit: Int
    var sent = 0
    var output: [UInt8] = []
    var errorOutput: [UInt8] = []

    init(input: [UInt8], limit: Int) {
        self.input = input
        self.limit = limit
    }

    /// False at the end of the stream.
    mutating func read(_ descriptor: CInt, error: Bool) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0 { return errno == EINTR || errno == EAGAIN }
        if count == 0 { return false }
        if error {
            errorOutput += chunk[..<min(count, limit - errorOutput.count)]
        } else {
            output += chunk[..<min(count, limit - output.count)]
        }
        return true
    }

    /// False when all is written or nobody reads any more.
    mutating func write(_ descriptor: CInt) -> Bool {
        guard sent < input.count else { return false }
        let count = input[sent...].withUnsafeBytes {
            Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
        if count < 0 { return errno == EINTR || errno == EAGAIN }
        sent += count
        return sent < input.count
    }
}
