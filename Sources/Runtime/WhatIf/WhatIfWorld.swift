import LinuxSystem
import Millrace
import Synchronization

/// The world of a what-if, turned off: its clock is the journal's, its files are read only, no
/// program runs, and what a job gives is what it gave.
final class WhatIfWorld: World {
    /// Something that would have been done and whose outcome nobody knows.
    struct Unknown: Sendable {
        let what: String
        let isTraining: Bool
    }

    private struct State {
        var now = Timestamp(microseconds: 0)
        var unknown: [Unknown] = []
        var jobs = 0
    }

    private let state = Mutex(State())
    private let registry: PluginRegistry
    private let memories: ProjectionSet
    private let trains: Bool
    private let machine: WhatIfMachine
    private let store: WhatIfFiles
    let folders: WhatIfFolders

    /// - Parameter memories: what the whole journal tells about the outcomes of jobs.
    init(
        _ machine: WhatIfMachine, registry: PluginRegistry, memories: ProjectionSet, trains: Bool
    ) {
        self.machine = machine
        self.registry = registry
        self.memories = memories
        self.trains = trains
        store = WhatIfFiles(machine.files, folder: FilePath(machine.scratch).appending("kept"))
        folders = WhatIfFolders(store)
    }

    var now: Timestamp {
        get { state.withLock { $0.now } }
        set { state.withLock { $0.now = newValue } }
    }
    var files: any FileStore { store }
    var outputs: any OutputFolders { folders }

    func log(_ level: LogLevel, _ message: String) {}

    func timeZone(named name: String) throws -> [UInt8] { try machine.timeZone(name) }

    /// What could not be known since this was last asked.
    func takeUnknown() -> [Unknown] {
        state.withLock { state in
            defer { state.unknown = [] }
            return state.unknown
        }
    }

    func run(_ command: ProcessRequest) async throws -> CommandResult {
        let name = command.arguments.first ?? "a program"
        state.withLock { $0.unknown.append(Unknown(what: "run \(name)", isTraining: false)) }
        throw CancellationError()
    }

    func ask(_ request: ExternalRequest) async throws -> [ExternalEvent] {
        state.withLock {
            $0.unknown.append(
                Unknown(what: "run the program of \(request.plugin)", isTraining: false))
        }
        throw CancellationError()
    }

    func perform(_ request: JobRequest) async throws -> JSONValue {
        guard let job = registry.job(plugin: request.plugin, name: request.job) else {
            throw ReactionError("no job \(request.job) of \(request.plugin) is known here")
        }
        return try await answer(job, request)
    }

    private func answer<J: Job>(_ job: J.Type, _ request: JobRequest) async throws -> JSONValue {
        let input = try request.input.decode(J.Input.self)
        let memory = memories.state(J.Memory.self) ?? J.Memory()
        if let known = try J.recall(input, from: memory) { return try JSONValue(encoding: known) }
        guard trains || J.isRepeatable else {
            state.withLock {
                $0.unknown.append(
                    Unknown(what: "\(request.job) \(request.subject)", isTraining: true))
            }
            throw CancellationError()
        }
        let number = state.withLock { state in
            state.jobs += 1
            return state.jobs
        }
        let scratch = FilePath(machine.scratch).appending("job-\(number)")
        try Files.makeDirectories(scratch, mode: 0o700)
        defer { try? Files.removeFolder(scratch) }
        let machine = machine
        let mayRun = trains
        let context = JobContext(
            files: store, scratch: scratch.string,
            threads: request.threads(of: machine.processors),
            progress: machine.progress,
            run: { command in
                guard mayRun else { throw CancellationError() }
                return try await machine.run(command)
            })
        return try JSONValue(encoding: await J.run(input, context))
    }
}
