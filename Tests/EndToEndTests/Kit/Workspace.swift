import Daemon
import Glibc
import LinuxSystem
import Millrace
import Runtime
import Vault

/// Why a test cannot go on, with what is needed to find out.
struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A temporary workspace and the real program, on a thread that may block. Everything that was
/// started in it is ended, and it is removed, when the test is over.
final class Workspace {
    let root: FilePath
    let layout: WorkspaceLayout
    var daemon: ChildProcess?
    var reading: JournalReading?

    /// How long anything at all may take. Machines that test are busy.
    static let patience: Int64 = 120_000

    /// Runs a test in a workspace of its own.
    ///
    /// - Parameter initialised: made by `millrace init`; else an empty folder.
    static func use(
        initialised: Bool = true, _ body: @escaping @Sendable (Workspace) throws -> Void
    ) async throws {
        let executor = try BlockingExecutor()
        defer { executor.stop() }
        try await withTaskExecutorPreference(executor) {
            let workspace = try Workspace()
            defer { workspace.tearDown() }
            if initialised {
                let made = try workspace.run(["init", workspace.root.string], inWorkspace: false)
                guard made.code == 0 else { throw Trouble("init failed: \(made)") }
            }
            try body(workspace)
        }
    }

    private init() throws {
        let folder = ProgramCommand.variable("TMPDIR") ?? "/tmp"
        root = FilePath(folder).appending(
            "millrace-e2e-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        layout = WorkspaceLayout(root: root)
        try Files.makeDirectories(root)
    }

    private func tearDown() {
        if let daemon {
            Glibc.kill(daemon.pid, SIGKILL)
            _ = try? daemon.wait()
        }
        endTrainings()
        try? Files.removeFolder(root)
    }

    /// The processes of jobs outlive a daemon that was killed. One that waits for another's lock
    /// gives up when the job's folder is gone.
    private func endTrainings() {
        for folder in jobFolders {
            if let pid = folder.worker, pid > 1 { Glibc.kill(pid, SIGKILL) }
            folder.remove()
        }
    }

    /// The folders of the jobs that are known.
    var jobFolders: [JobFolder] {
        let names = (try? Files.names(in: layout.jobs)) ?? []
        return names.map { JobFolder(layout.jobs.appending($0)) }
    }

    /// The bytes that the journal names.
    var vault: VaultFiles { get throws { try VaultFiles(layout) } }

    // MARK: files

    /// Puts a file into the workspace as careful people do: under a hidden name first, then renamed.
    func drop(_ bytes: [UInt8], at path: FilePath) throws {
        let target = root.appending(path)
        let temporary = target.parent.appending(".\(UInt64.random(in: 0 ... .max))")
        try Files.makeDirectories(target.parent)
        try write(bytes, to: temporary)
        try Files.rename(temporary, target)
    }

    func drop(_ bytes: [UInt8], at path: String) throws { try drop(bytes, at: FilePath(path)) }
    func drop(_ text: String, at path: String) throws { try drop(Array(text.utf8), at: path) }

    /// Every `every`-th row of a file of the sample, beginning with the row `first`.
    func flights(_ month: String, every: Int, from first: Int = 1) throws -> [UInt8] {
        let bytes = try Files.read(
            layout.sample.appending("flights-2013-\(month).csv"), limit: 16 << 20)
        let newline = UInt8(ascii: "\n")
        let lines = bytes.split(separator: newline)
        let kept = lines.enumerated().filter { $0.offset == 0 || $0.offset % every == first }
        return kept.flatMap { $0.element + [newline] }
    }

    func write(_ bytes: [UInt8], to file: FilePath) throws {
        let file = try FileDescriptor.open(file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.writeAll(bytes)
    }

    func read(_ path: String) throws -> [UInt8] {
        try Files.read(root.appending(path), limit: 64 << 20)
    }

    func text(_ path: String) throws -> String { String(decoding: try read(path), as: UTF8.self) }

    /// Where a link leads; nil when there is none.
    func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = root.appending(path).withCString { readlink($0, &buffer, buffer.count) }
        guard count > 0 else { return nil }
        return String(
            decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The end of the daemon's log, for messages.
    var logTail: String {
        let bytes = (try? Files.read(log, limit: 64 << 20)) ?? []
        return String(decoding: bytes.suffix(3000), as: UTF8.self)
    }

    var log: FilePath { root.appending("daemon.log") }
}

/// Waits for what no event and no descriptor tells.
func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
    let deadline = monotonicNanoseconds() + Workspace.patience * 1_000_000
    while try !condition() {
        usleep(2000)
        guard monotonicNanoseconds() < deadline else {
            throw Trouble("waited too long until \(what)")
        }
    }
}

/// Lets a random time go by, for what shall happen at any moment.
func letPass(_ microseconds: ClosedRange<Int64>, _ random: inout Seeded) {
    let end = monotonicNanoseconds() + Int64.random(in: microseconds, using: &random) * 1000
    while monotonicNanoseconds() < end {
        usleep(500)
    }
}

extension Workspace {
    func setMode(_ mode: mode_t, of path: String) throws {
        _ = try root.appending(path).withCString { name in
            try systemCall("chmod", path) { chmod(name, mode) }
        }
    }
}

extension String {
    /// The text with what a pattern finds replaced. - Throws: when it finds nothing, as when the
    /// template has changed.
    func changing(_ pattern: String, to new: String) throws -> String {
        let changed = replacing(try Regex(pattern), with: new)
        guard changed != self else { throw Trouble("there is no \(pattern) to change") }
        return changed
    }
}
