import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import Console

@Suite struct OutputTests {
    private final class Count: Sendable {
        private let value = Mutex(0)
        func add() { value.withLock { $0 += 1 } }
        var total: Int { value.withLock { $0 } }
    }

    private struct Pipe: ~Copyable {
        let read: FileDescriptor
        let write: FileDescriptor

        init() throws {
            var ends: [CInt] = [-1, -1]
            try #require(pipe(&ends) == 0)
            read = FileDescriptor(owning: ends[0])
            write = FileDescriptor(owning: ends[1])
        }
    }

    @Test func `lines are kept until they are flushed, and arrive whole`() throws {
        let pipe = try Pipe()
        let writer = OutputWriter(pipe.write.raw, terminal: Terminal())
        writer.line("one")
        writer.lines(["two", "three"])
        writer.flush()
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = try buffer.withUnsafeMutableBytes { try pipe.read.read(into: $0) }
        #expect(String(decoding: buffer[..<count], as: UTF8.self) == "one\ntwo\nthree\n")
    }

    @Test func `a reader who leaves ends the output quietly and once`() throws {
        signal(SIGPIPE, SIG_IGN)
        let closed = Count()
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[1]) }
        let writer = OutputWriter(ends[1], terminal: Terminal()) { closed.add() }
        writer.line("one")
        writer.flush()
        #expect(!writer.isClosed)
        close(ends[0])
        for _ in 0..<3 {
            writer.write(String(repeating: "x", count: 100_000))
            writer.flush()
        }
        #expect(writer.isClosed)
        #expect(writer.problem == nil)
        #expect(closed.total == 1)
    }

    @Test func `a full disk is not a reader who left, and is reported with its own code`()
        async throws
    {
        let full = try FileDescriptor.open(FilePath("/dev/full"), O_WRONLY)
        let streams = Streams(
            out: OutputWriter(full.raw, terminal: Terminal()),
            err: OutputWriter(capturing: Terminal()))
        let code = await Sample.program.run(["--help"], streams)
        #expect(code == .system)
        #expect(streams.err.captured.contains("No space left on device"))
    }

    @Test func `a non-blocking pipe that is full is waited for`() async throws {
        let pipe = try Pipe()
        try #require(fcntl(pipe.write.raw, F_SETFL, O_NONBLOCK) == 0)
        let total = 1 << 20
        let raw = pipe.write.raw
        let writing = Task.detached {
            let writer = OutputWriter(raw, terminal: Terminal())
            writer.write([UInt8](repeating: 7, count: total))
            writer.flush()
            return writer.problem
        }
        var received = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while received < total {
            received += try buffer.withUnsafeMutableBytes { try pipe.read.read(into: $0) }
        }
        #expect(received == total)
        #expect(await writing.value == nil)
    }

    @Test func `a progress line is rewritten on a terminal only, and not too often`() {
        let terminal = Terminal(isInteractive: true, usesColor: false, width: 20)
        let writer = OutputWriter(capturing: terminal)
        var progress = ProgressLine(writer, intervalSeconds: 0.1)
        progress.show("training 10%", nowSeconds: 1)
        progress.show("training 11%", nowSeconds: 1.05)
        progress.show("training 20% of a long line", nowSeconds: 1.2)
        progress.clear()
        progress.clear()
        #expect(
            writer.captured
                == "\rtraining 10%\u{1B}[K\rtraining 20% of a …\u{1B}[K\r\u{1B}[K")
        let silent = OutputWriter(capturing: Terminal())
        var none = ProgressLine(silent)
        none.show("x", nowSeconds: 1)
        none.clear()
        #expect(silent.captured == "")
    }

    @Test func `no colour is written after the option that forbids it`() async {
        let colorful = Terminal(usesColor: true)
        for (line, isColored) in [
            (["--help"], true), (["--no-color", "--help"], false), (["bogus"], true),
            (["bogus", "--no-color"], false), (["help", "--", "--no-color"], true),
        ] as [([RawArgument], Bool)] {
            let out = OutputWriter(capturing: colorful)
            let err = OutputWriter(capturing: colorful)
            _ = await Sample.program.run(line, Streams(out: out, err: err))
            #expect((out.captured + err.captured).contains("\u{1B}") == isColored, "\(line)")
        }
    }
}
