import Daemon
public import Millrace
import Synchronization

/// A world for tests: files in memory, a clock that a test moves, commands answered by a closure,
/// jobs done at once in this process.
public final class MemoryWorld: World {
    struct State: Sendable {
        var now = Timestamp(microseconds: 1_772_539_200_000_000)
        var log: [(LogLevel, String)] = []
        var results: [String: JSONValue] = [:]
        var performed: [JobRequest] = []
        var commands: [ProcessRequest] = []
    }

    private let state: Mutex<State>
    private let store: MemoryFiles
    private let folders: MemoryFolders
    private let jobs: [any Plugin.Type]
    /// Answers `run`; throws by default.
    private let answer: @Sendable (ProcessRequest) throws -> CommandResult

    public init(
        plugins: [any Plugin.Type] = [],
        answer: @escaping @Sendable (ProcessRequest) throws -> CommandResult = { command in
            throw ReactionError("no program is available in this test: \(command.arguments)")
        }
    ) {
        state = Mutex(State())
        jobs = plugins
        store = MemoryFiles()
        folders = MemoryFolders(store)
        self.answer = answer
    }

    private init(copying other: MemoryWorld) {
        var copied = other.state.withLock { $0 }
        (copied.log, copied.performed, copied.commands) = ([], [], [])
        state = Mutex(copied)
        jobs = other.jobs
        store = MemoryFiles(other.store.all)
        folders = MemoryFolders(store, other.folders.all)
        answer = other.answer
    }

    /// A world of its own that begins as this one is now: what a crash at this moment would leave.
    public func copy() -> MemoryWorld { MemoryWorld(copying: self) }

    /// Takes over the bytes of another world: what was dropped in the one can be dropped here too.
    func addFiles(of other: MemoryWorld) { store.add(other.store.all) }

    /// What lies in the output folders.
    var outputEntries: [WorkspacePath: MemoryFolders.Entry] { folders.all }

    public var now: Timestamp { state.withLock { $0.now } }
    public var files: any FileStore { store }
    public var outputs: any OutputFolders { folders }

    public func advance(seconds: Double) {
        state.withLock { $0.now = $0.now.advanced(bySeconds: seconds) }
    }

    /// What was written to the output folders, by path; links as `-> target`.
    public var written: [String: [UInt8]] { folders.contents }
    public var messages: [String] { state.withLock { $0.log.map(\.1) } }
    public var performed: [JobRequest] { state.withLock { $0.performed } }
    public var commands: [ProcessRequest] { state.withLock { $0.commands } }

    public func log(_ level: LogLevel, _ message: String) {
        state.withLock { $0.log.append((level, message)) }
    }

    /// The machine's own database: what it says of a place is the same for every test.
    public func timeZone(named name: String) throws -> [UInt8] { try TimeZoneFiles.bytes(name) }

    public func run(_ command: ProcessRequest) async throws -> CommandResult {
        state.withLock { $0.commands.append(command) }
        return try answer(command)
    }

    /// What a job came to; nil when it was not done yet.
    func result(of request: JobRequest) -> JSONValue? {
        state.withLock { $0.results[MemoryWorld.key(request)] }
    }

    private static func key(_ request: JobRequest) -> String {
        "\(request.cause)/\(request.plugin)/\(request.job)"
    }

    public func perform(_ request: JobRequest) async throws -> JSONValue {
        if let known = result(of: request) { return known }
        guard
            let job = jobs.first(where: { $0.name.rawValue == request.plugin })?.jobs
                .first(where: { $0.name == request.job })
        else { throw ReactionError("no job \(request.job) of \(request.plugin) is known here") }
        state.withLock { $0.performed.append(request) }
        let output = try await JobInProcess.run(
            job, request.input, files: store, command: { try self.answer($0) })
        state.withLock { $0.results[MemoryWorld.key(request)] = output }
        return output
    }
}
