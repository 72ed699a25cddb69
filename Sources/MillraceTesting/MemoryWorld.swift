import Checksums
import Glibc
import LinuxSystem
package import Millrace
import Synchronization

/// A world for tests: files in memory, a clock that a test moves, commands answered by a closure,
/// jobs done at once in this process.
package final class MemoryWorld: World {
    private struct State {
        var now = Timestamp(microseconds: 1_772_539_200_000_000)
        var log: [(LogLevel, String)] = []
        var results: [String: JSONValue] = [:]
        var performed: [JobRequest] = []
        var commands: [ProcessRequest] = []
    }

    private let state = Mutex(State())
    private let store = MemoryFiles()
    private let folders: MemoryFolders
    private let jobs: [any Plugin.Type]
    /// Answers `run`; throws by default.
    private let answer: @Sendable (ProcessRequest) throws -> CommandResult

    package init(
        plugins: [any Plugin.Type] = [],
        answer: @escaping @Sendable (ProcessRequest) throws -> CommandResult = { command in
            throw ReactionError("no program is available in this test: \(command.arguments)")
        }
    ) {
        jobs = plugins
        folders = MemoryFolders(store)
        self.answer = answer
    }

    package var now: Timestamp { state.withLock { $0.now } }
    package var files: any FileStore { store }
    package var outputs: any OutputFolders { folders }

    package func advance(seconds: Double) {
        state.withLock { $0.now = $0.now.advanced(bySeconds: seconds) }
    }

    /// What was written to the output folders, by path; links as `-> target`.
    package var written: [String: [UInt8]] { folders.contents }
    package var messages: [String] { state.withLock { $0.log.map(\.1) } }
    package var performed: [JobRequest] { state.withLock { $0.performed } }
    package var commands: [ProcessRequest] { state.withLock { $0.commands } }

    package func log(_ level: LogLevel, _ message: String) {
        state.withLock { $0.log.append((level, message)) }
    }

    package func run(_ command: ProcessRequest) async throws -> CommandResult {
        state.withLock { $0.commands.append(command) }
        return try answer(command)
    }

    package func perform(_ request: JobRequest) async throws -> JSONValue {
        let key = "\(request.cause)/\(request.plugin)/\(request.job)"
        if let known = state.withLock({ $0.results[key] }) { return known }
        guard
            let job = jobs.first(where: { $0.name.rawValue == request.plugin })?.jobs
                .first(where: { $0.name == request.job })
        else { throw ReactionError("no job \(request.job) of \(request.plugin) is known here") }
        state.withLock { $0.performed.append(request) }
        let scratch = FilePath("/tmp/millrace-job-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        try Files.makeDirectories(scratch, mode: 0o700)
        defer { try? Files.removeFolder(scratch) }
        let context = JobContext(
            files: store, scratch: scratch.string, threads: 1, progress: { _, _ in },
            run: { command in try self.answer(command) })
        let output = try await MemoryWorld.run(job, request.input, context)
        state.withLock { $0.results[key] = output }
        return output
    }

    private static func run<J: Job>(
        _ job: J.Type, _ input: JSONValue, _ context: JobContext
    ) async throws -> JSONValue {
        try JSONValue(encoding: await job.run(try input.decode(J.Input.self), context))
    }
}

/// Bytes by their digest, in memory.
final class MemoryFiles: FileStore {
    private let contents = Mutex<[Digest: [UInt8]]>([:])

    func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        guard let bytes = contents.withLock({ $0[digest] }) else {
            throw ReactionError("there are no bytes with the digest \(digest)")
        }
        guard bytes.count <= limit else {
            throw ReactionError("\(digest) has \(bytes.count) bytes, the limit is \(limit)")
        }
        return bytes
    }

    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        let bytes = try bytes(of: digest, limit: .max)
        // An unnamed file: gone when the descriptor is closed.
        let name = FilePath("/tmp/millrace-test-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        let file = try FileDescriptor.open(name, O_RDWR | O_CREAT | O_EXCL)
        try Files.unlink(name)
        try file.writeAll(bytes)
        lseek(file.raw, 0, SEEK_SET)
        return try body(file.raw)
    }

    func path(of digest: Digest) throws -> String {
        throw ReactionError("files have no path in a memory world")
    }

    func store(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(words: SHA256.hash(bytes).words)
        contents.withLock { $0[digest] = bytes }
        return digest
    }

    func contains(_ digest: Digest) -> Bool { contents.withLock { $0[digest] != nil } }
}

/// The folders that Millrace writes, in memory.
final class MemoryFolders: OutputFolders {
    private enum Entry {
        case file([UInt8])
        case link(WorkspacePath)
    }

    private let entries = Mutex<[WorkspacePath: Entry]>([:])
    private let files: MemoryFiles

    init(_ files: MemoryFiles) { self.files = files }

    var contents: [String: [UInt8]] {
        entries.withLock { entries in
            var contents: [String: [UInt8]] = [:]
            for (path, entry) in entries {
                switch entry {
                case .file(let bytes): contents[path.description] = bytes
                case .link(let target): contents[path.description] = Array("-> \(target)".utf8)
                }
            }
            return contents
        }
    }

    func write(_ bytes: [UInt8], to path: WorkspacePath) throws {
        entries.withLock { $0[path] = .file(bytes) }
    }

    func place(_ digest: Digest, at path: WorkspacePath) throws {
        try write(try files.bytes(of: digest, limit: .max), to: path)
    }

    func link(_ path: WorkspacePath, to target: WorkspacePath) throws {
        entries.withLock { $0[path] = .link(target) }
    }

    func target(of path: WorkspacePath) throws -> WorkspacePath? {
        entries.withLock { if case .link(let target) = $0[path] { target } else { nil } }
    }

    func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8] {
        let resolved = entries.withLock { entries -> [UInt8]? in
            if case .file(let bytes) = entries[path] { return bytes }
            // One link among the folders above, as deployments have.
            let parts = path.bytes.split(separator: UInt8(ascii: "/"))
            for count in 1...max(parts.count, 1) {
                let head = Array(parts.prefix(count).joined(separator: [UInt8(ascii: "/")]))
                guard let folder = WorkspacePath(bytes: head),
                    case .link(let target) = entries[folder]
                else { continue }
                let tail = parts.dropFirst(count).flatMap { [UInt8(ascii: "/")] + $0 }
                guard let real = WorkspacePath(bytes: target.bytes + tail) else { continue }
                if case .file(let bytes) = entries[real] { return bytes }
            }
            return nil
        }
        guard let resolved else { throw ReactionError("there is no file \(path)") }
        guard resolved.count <= limit else { throw ReactionError("\(path) is too large") }
        return resolved
    }

    func remove(_ path: WorkspacePath) throws {
        entries.withLock { entries in
            let prefix = path.bytes + [UInt8(ascii: "/")]
            for key in entries.keys where key == path || key.bytes.starts(with: prefix) {
                entries[key] = nil
            }
        }
    }

    func absolute(_ path: WorkspacePath) -> String { "/workspace/\(path)" }
}
