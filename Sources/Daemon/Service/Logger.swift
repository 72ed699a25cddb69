import Glibc
import LinuxSystem
package import Millrace
import Synchronization

/// Writes one line a message to a descriptor, from a thread of its own, so that a slow reader of the
/// log does not hold up the journal.
package final class Logger: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        var isWriting = false
        var dropped = 0
    }

    private let state = Mutex(State())
    private let descriptor: CInt
    let level: LogLevel
    /// Under systemd a line begins with its priority and has no time: the journal adds it.
    private let isJournald: Bool
    /// What waits for a reader that does not read; beyond it lines are dropped and counted.
    private static let bufferLimit = 8 << 20

    package init(descriptor: CInt = 2, level: LogLevel = .info) {
        self.descriptor = descriptor
        self.level = level
        isJournald = getenv("JOURNAL_STREAM") != nil
    }

    package func log(_ level: LogLevel, _ message: String) {
        guard level <= self.level else { return }
        var line: [UInt8] = []
        if isJournald {
            line += Array("<\(level.rawValue)>".utf8)
        } else {
            line += Array("\(WallClock.now) \(Logger.name(level)) ".utf8)
        }
        // One message, one line: nothing from outside can start another or move a terminal's cursor.
        for byte in message.utf8 {
            line.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte)
        }
        line.append(UInt8(ascii: "\n"))
        write(line)
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

    private func write(_ line: [UInt8]) {
        let mustStart = state.withLock { state in
            guard state.buffer.count + line.count <= Logger.bufferLimit else {
                state.dropped += 1
                return false
            }
            if state.dropped > 0 {
                state.buffer += Array("\(state.dropped) lines of this log were dropped\n".utf8)
                state.dropped = 0
            }
            state.buffer += line
            if state.isWriting { return false }
            state.isWriting = true
            return true
        }
        if mustStart {
            // The thread lives as long as there is something to write: nothing idles.
            do { try BlockingThread.start { self.drain() } } catch { drain() }
        }
    }

    private func drain() {
        while true {
            let bytes = state.withLock { state -> [UInt8] in
                let bytes = state.buffer
                state.buffer = []
                if bytes.isEmpty { state.isWriting = false }
                return bytes
            }
            if bytes.isEmpty { return }
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
        while state.withLock({ $0.isWriting }), ProgramRunner.monotonicMilliseconds() < deadline {
            usleep(500)
        }
    }
}
