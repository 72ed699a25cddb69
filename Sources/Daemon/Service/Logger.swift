import Glibc
import LinuxSystem
package import Millrace
import Synchronization

/// Writes one line a message to a descriptor: at once where that cannot wait, otherwise from a thread of
/// its own, so that a slow reader of the log does not hold up the journal.
package final class Logger: Sendable {
    /// A line, or what will be one.
    private enum Entry: Sendable {
        case line([UInt8])
        /// Made on the logger's thread: whoever logs many events has better things to do.
        case messages(Timestamp, count: Int, @Sendable () -> [(LogLevel, String)])
    }

    private struct State {
        var entries: [Entry] = []
        /// Bytes of the lines that wait, and the number of messages yet to be made.
        var bytes = 0
        var messages = 0
        var isWriting = false
        /// Whoever logs is writing by himself, and wakes the thread for what comes meanwhile.
        var isDirect = false
        var hasThread = false
        var dropped = 0
    }

    private let state = Mutex(State())
    private let semaphore = ThreadSemaphore()
    private let descriptor: CInt
    let level: LogLevel
    /// Under systemd a line begins with its priority and has no time: the journal adds it.
    private let isJournald: Bool
    /// A file or a pipe, of which the kernel says when a short write does not wait.
    private let isPlain: Bool
    /// What waits for a reader that does not read; beyond it lines are dropped and counted.
    private static let bufferLimit = 8 << 20
    /// Beyond this many, messages are made at once: what they are made from takes more room.
    private static let messageLimit = 4096

    package init(descriptor: CInt = 2, level: LogLevel = .info) {
        self.descriptor = descriptor
        self.level = level
        isJournald = getenv("JOURNAL_STREAM") != nil
        var status = stat()
        let kind = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
        isPlain = kind == S_IFREG || kind == S_IFIFO
    }

    package func log(_ level: LogLevel, _ message: String) {
        guard level <= self.level else { return }
        add(.line(line(level, message, at: WallClock.now)))
    }

    /// Messages that are written at once rather than by another thread.
    private static let directLimit = 4

    /// False: others write, or a write could wait for the reader.
    private func writeDirectly(_ make: () -> [UInt8]) -> Bool {
        guard isPlain else { return false }
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&polled, 1, 0) == 1, polled.revents == Int16(POLLOUT) else { return false }
        let isMine = state.withLock { state in
            guard state.entries.isEmpty, !state.isWriting, !state.isDirect else { return false }
            state.isDirect = true
            return true
        }
        guard isMine else { return false }
        let bytes = make()
        // So much fits into a pipe that is ready.
        let fits = bytes.count <= Int(PIPE_BUF)
        if fits { Logger.writeAll(bytes, to: descriptor) }
        let othersWait = state.withLock { state in
            state.isDirect = false
            if !fits { state.entries.insert(.line(bytes), at: 0) }
            return !state.entries.isEmpty
        }
        if othersWait { wakeThread() }
        return true
    }

    /// Logs messages that are made later, in their order among all others.
    func log(count: Int, _ make: @escaping @Sendable () -> [(LogLevel, String)]) {
        let now = WallClock.now
        if count <= Self.directLimit, writeDirectly({ self.lines(make(), at: now) }) { return }
        if state.withLock({ $0.messages + count <= Self.messageLimit }) {
            add(.messages(now, count: count, make))
        } else {
            add(.line(lines(make(), at: now)))
        }
    }

    private func lines(_ messages: [(LogLevel, String)], at time: Timestamp) -> [UInt8] {
        messages.flatMap { $0.0 <= level ? line($0.0, $0.1, at: time) : [] }
    }

    private func line(_ level: LogLevel, _ message: String, at time: Timestamp) -> [UInt8] {
        var line: [UInt8] = []
        if isJournald {
            line += Array("<\(level.rawValue)>".utf8)
        } else {
            line += Array("\(time) \(Logger.name(level)) ".utf8)
        }
        // One message, one line: nothing from outside can start another or move a terminal's cursor.
        for byte in message.utf8 {
            line.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func name(_ level: LogLevel) -> String {
        switch level {
        case .error: "error  "
        case .warning: "warning"
        case .notice: "notice "
        case .info: "info   "
        case .debug: "debug  "
        }
    }

    private func add(_ entry: Entry) {
        let mustWake = state.withLock { state in
            switch entry {
            case .line(let bytes):
                guard state.bytes + bytes.count <= Logger.bufferLimit else {
                    state.dropped += 1
                    return false
                }
                state.bytes += bytes.count
            case .messages(_, let count, _): state.messages += count
            }
            state.entries.append(entry)
            return !state.isDirect
        }
        if mustWake { wakeThread() }
    }

    private func wakeThread() {
        let mustStart = state.withLock { state in
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if mustStart {
            // It waits for lines and for nothing else.
            do { try BlockingThread.start { self.run() } } catch {
                state.withLock { $0.hasThread = false }
                drain()
            }
        }
        semaphore.signal()
    }

    private func run() {
        while true {
            semaphore.wait()
            drain()
        }
    }

    private func drain() {
        while true {
            let (entries, dropped) = state.withLock { state in
                let taken = (state.entries, state.dropped)
                state.entries = []
                (state.bytes, state.messages, state.dropped) = (0, 0, 0)
                state.isWriting = !taken.0.isEmpty
                return taken
            }
            if entries.isEmpty { return }
            var bytes: [UInt8] = []
            for entry in entries {
                switch entry {
                case .line(let line): bytes += line
                case .messages(let time, _, let make): bytes += lines(make(), at: time)
                }
            }
            if dropped > 0 { bytes += Array("\(dropped) lines of this log were dropped\n".utf8) }
            Logger.writeAll(bytes, to: descriptor)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: CInt) {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count > 0 {
                    done += count
                } else if errno != EINTR {
                    // Nobody reads any more: a log is no reason to stop.
                    return
                }
            }
        }
    }

    /// Waits until what was logged is written; for the moment before the program ends.
    package func flush() {
        let deadline = ProgramRunner.monotonicMilliseconds() + 1000
        while state.withLock({ $0.isWriting || $0.isDirect || !$0.entries.isEmpty }),
            ProgramRunner.monotonicMilliseconds() < deadline
        {
            usleep(500)
        }
    }
}
