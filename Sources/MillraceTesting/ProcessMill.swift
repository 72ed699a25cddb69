import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization

/// The program itself, as a daemon in a temporary workspace.
final class ProcessMill: RunningMill {
    private let layout: WorkspaceLayout
    private let program: FilePath
    private let child: ChildProcess

    /// How long anything at all may take. Machines that test are busy.
    private static let patienceSeconds = 300

    init(program name: String, _ settings: WorkspaceSettings) async throws {
        let root = try TemporaryFolder.make("mill")
        layout = WorkspaceLayout(root: root)
        program = try ProcessMill.program(name)
        let program = program
        do {
            for folder in WorkspaceLayout.inputs + WorkspaceLayout.outputs {
                try Files.makeDirectories(root.appending(folder))
            }
            try Files.replace(
                layout.settings, with: try JSONValue(encoding: settings).bytes, durable: false)
            child = try await ProcessMill.start(program, root)
            _ = try await sync()
        } catch {
            try? Files.removeFolder(root)
            throw error
        }
    }

    /// The file of this name in the folder of the tests' own program.
    private static func program(_ name: String) throws -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        try systemCall("readlink", "/proc/self/exe") {
            readlink("/proc/self/exe", &buffer, buffer.count - 1)
        }
        let tests = FilePath(bytes: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        let program = tests.parent.appending(name)
        guard try FileStatus.of(program) != nil else {
            throw ReactionError(
                "there is no program \(name) beside the tests in \(tests.parent.description): "
                    + "make the test target depend on its target")
        }
        return program
    }

    /// Starts the daemon from a thread that lives as long as it does: the daemon ends with that
    /// thread, so also when the tests are killed.
    private static func start(_ program: FilePath, _ root: FilePath) async throws -> ChildProcess {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try BlockingThread.start {
                    do {
                        let child = try spawn(program, root)
                        continuation.resume(returning: child)
                        _ = try? child.wait()
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private static func spawn(_ program: FilePath, _ root: FilePath) throws -> ChildProcess {
        let log = try FileDescriptor.open(
            root.appending("daemon.log"), O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        let nothing = try FileDescriptor.open(FilePath("/dev/null"), O_RDONLY)
        return try ChildProcess.spawn(
            program,
            arguments: ["run", "--with-parent=\(getpid())", "--workspace", root.string].map {
                Array($0.utf8)
            },
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin"].map { Array($0.utf8) },
            input: nothing.raw, output: log.raw, error: log.raw, newSession: true)
    }

    /// Waits until the daemon has handled everything that is in the workspace.
    private func sync() async throws {
        let end = monotonicNanoseconds() + Int64(ProcessMill.patienceSeconds) * 1_000_000_000
        let reader = JournalReader(directory: layout.journal)
        while (try? reader.hasWriter()) != true {
            guard ChildProcess.startTime(of: child.pid) != nil, monotonicNanoseconds() < end else {
                throw ReactionError("the daemon did not start: \(log)")
            }
            try await TaskPool.sleep(seconds: 0.02)
        }
        let (program, root) = (program, layout.root)
        let result = try await BlockingThread.run {
            try ProgramRunner.run(
                program,
                arguments: [
                    "sync", "--idle", "--timeout", "\(ProcessMill.patienceSeconds)s",
                    "--workspace", root.string,
                ].map { Array($0.utf8) }, environment: [], directory: nil, input: [],
                limit: 64 << 10, milliseconds: Int64(ProcessMill.patienceSeconds) * 1000)
        }
        guard result.ending == .exited(0) else {
            throw ReactionError(
                "the daemon did not come to rest: "
                    + String(decoding: result.errorOutput, as: UTF8.self) + log)
        }
    }

    private var log: String {
        let bytes = (try? Files.read(layout.root.appending("daemon.log"), limit: 16 << 20)) ?? []
        return String(decoding: bytes.suffix(4000), as: UTF8.self)
    }

    var events: [Event] {
        get throws {
            let cursor = try JournalReader(directory: layout.journal).cursor()
            var events: [Event] = []
            while let event = try cursor.nextEvent() {
                // The journal's own notes of how far it is on the disk come when they like.
                if event.type != "journal.watermark" { events.append(event) }
            }
            return events
        }
    }

    @discardableResult
    func drop(_ path: String, _ bytes: [UInt8]) async throws -> Event {
        guard let inside = WorkspacePath(escaped: path) else {
            throw ReactionError("\(path) is no path inside the workspace")
        }
        let file = layout.path(of: inside)
        try Files.makeDirectories(file.parent)
        let before = try events.last?.sequence ?? 0
        try Files.replace(file, with: bytes, durable: false)
        let end = monotonicNanoseconds() + Int64(ProcessMill.patienceSeconds) * 1_000_000_000
        while monotonicNanoseconds() < end {
            try await sync()
            let arrived = try events.first { event in
                event.sequence > before && event.payload(as: FileArrived.self)?.path == inside
            }
            if let arrived {
                try await sync()
                return arrived
            }
        }
        throw ReactionError("\(path) was not taken in: \(log)")
    }

    func output(_ path: String) throws -> [UInt8]? { try OutputFile.read(path, in: layout) }

    func remove() async throws {
        let end = try? ChildProcess.descriptor(of: child.pid)
        kill(child.pid, SIGTERM)
        if let end {
            let raw = end.raw
            _ = try? await BlockingThread.run { try waitReadable([raw], milliseconds: 60_000) }
        }
        kill(child.pid, SIGKILL)
        try Files.removeFolder(layout.root)
    }
}
