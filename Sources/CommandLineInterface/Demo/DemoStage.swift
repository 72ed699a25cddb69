import Console
import Daemon
import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// What the demo does to the world: starts, kills and stops the daemon, and drops files, as a person
/// with a shell would.
final class DemoStage: Sendable {
    let layout: WorkspaceLayout
    private let program: FilePath
    private let daemon = Mutex<ChildProcess?>(nil)

    init(layout: WorkspaceLayout, program: FilePath) {
        self.layout = layout
        self.program = program
    }

    /// The daemon's log.
    var log: FilePath { layout.root.appending("daemon.log") }

    /// Starts `millrace run`, the same that a service manager starts.
    func start() throws -> Int32 {
        let output = try FileDescriptor.open(
            log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o644)
        let nothing = try FileDescriptor.open(FilePath("/dev/null"), O_RDONLY)
        var environment: [[UInt8]] = []
        for name in ProgramCommand.inherited {
            if let value = ProgramCommand.variable(name) {
                environment.append(Array("\(name)=\(value)".utf8))
            }
        }
        let child = try ChildProcess.spawn(
            program,
            arguments: [
                Array("run".utf8), Array("--with-parent=\(getpid())".utf8),
                Array("--workspace".utf8),
                layout.root.bytes,
            ],
            environment: environment, input: nothing.raw, output: output.raw, error: output.raw,
            newSession: true)
        daemon.withLock { $0 = child }
        return child.pid
    }

    /// SIGKILL: no chance to clean anything up.
    func kill() {
        guard let child = daemon.withLock({ $0 }) else { return }
        Glibc.kill(child.pid, SIGKILL)
        _ = try? child.wait()
        daemon.withLock { $0 = nil }
    }

    /// SIGTERM, and waits for the end. - Returns: whether it ended in good order.
    func stop() throws -> Bool {
        guard let child = daemon.withLock({ $0 }) else { return true }
        Glibc.kill(child.pid, SIGTERM)
        let ending = try child.wait()
        daemon.withLock { $0 = nil }
        return ending == .exited(0)
    }

    /// Whether the daemon still lives; collects it when it has ended.
    var isRunning: Bool {
        guard let child = daemon.withLock({ $0 }) else { return false }
        return ChildProcess.startTime(of: child.pid) != nil
    }

    /// Copies a file of the sample into the dataset's folder: a hidden name first, then a rename, so
    /// that nobody sees half of it.
    ///
    /// - Parameter every: only every so-manieth row below the header.
    func drop(_ name: String, every: Int) throws {
        let bytes = try Files.read(layout.sample.appending(name), limit: 16 << 20)
        let folder = layout.root.appending("data/flights")
        let temporary = folder.appending(".\(name).part")
        let file = try FileDescriptor.open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
        try file.writeAll(every == 1 ? bytes : DemoStage.thinned(bytes, every: every))
        try Files.rename(temporary, folder.appending(name))
    }

    private static func thinned(_ bytes: [UInt8], every: Int) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        let lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        // The last line stays: a damaged file is cut there.
        let kept = lines.enumerated().filter {
            $0.offset == 0 || $0.offset % every == 0 || $0.offset == lines.count - 1
        }
        return Array(kept.map(\.element).joined(separator: [newline]))
    }

    /// Changes the settings file as an editor does: written anew and renamed into place.
    func changeSettings(_ old: String, to new: String) throws {
        let text = String(
            decoding: try Files.read(layout.settings, limit: 1 << 20), as: UTF8.self)
        guard let range = text.firstRange(of: old) else {
            throw CommandFailure(.work, "the settings do not have \(old)")
        }
        try Files.replace(
            layout.settings, with: Array(text.replacingCharacters(range, with: new).utf8))
    }

    /// Puts a command into the inbox.
    func command(_ command: String, about: String, comment: String) throws {
        let value: JSONValue = [
            "command": .string(command), "about": .string(about),
            "arguments": ["comment": .string(comment)],
        ]
        try Files.replace(
            layout.inbox.appending("\(command)-\(WallClock.now.microseconds).json"),
            with: value.bytes)
    }
}

extension String {
    fileprivate func replacingCharacters(_ range: Range<Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }

    fileprivate func firstRange(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle),
                let end = index(start, offsetBy: needle.count, limitedBy: endIndex)
            {
                return start..<end
            }
            start = index(after: start)
        }
        return nil
    }
}
