import LinuxSystem
import Millrace
import Runtime
import Synchronization

/// The machine as one life of the runtime sees it. After a power cut nothing of that life changes
/// anything any more.
struct SimWorld: World, OutputFolders, EventLog {
    let machine: SimMachine
    let life: Int

    var now: Timestamp { machine.now }
    var outputs: any OutputFolders { self }
    var files: any FileStore { NoFiles() }

    func log(_ level: LogLevel, _ message: String) {}

    @discardableResult
    func append(_ batch: [EventDraft]) async throws -> [Event] {
        try await machine.append(batch, life: life)
    }

    /// A program that takes between no time and two minutes, and fails one time in ten.
    func run(_ command: ProcessRequest) async throws -> CommandResult {
        let seconds = machine.state.withLock { $0.hasFaults ? $0.random.unit() * 120 : 1 }
        try await machine.pause(seconds, life: life)
        if machine.chance(0.1) { throw ReactionError("the program failed") }
        return CommandResult(output: [], errorOutput: [])
    }

    func perform(_ request: JobRequest) async throws -> JSONValue {
        throw ReactionError("there are no jobs here", retryable: false)
    }

    private func mayWrite() throws {
        let trouble = machine.state.withLock { state -> (any Error)? in
            if state.life != life { return SimMachine.PowerCut() }
            guard state.hasFaults else { return nil }
            if state.now < state.fullUntil { return SystemError(.noSpace, "write") }
            if state.random.chance(0.02) {
                state.fullUntil = state.now.advanced(bySeconds: 600)
                return SystemError(.noSpace, "write")
            }
            return state.random.chance(0.02) ? SystemError(Errno(5), "write") : nil
        }
        if let trouble { throw trouble }
    }

    func write(_ bytes: [UInt8], to path: WorkspacePath) throws {
        try mayWrite()
        machine.state.withLock { $0.files["\(path)"] = bytes }
    }

    func place(_ digest: Digest, at path: WorkspacePath) throws { try mayWrite() }
    func link(_ path: WorkspacePath, to target: WorkspacePath) throws { try mayWrite() }
    func target(of path: WorkspacePath) throws -> WorkspacePath? { nil }
    func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8] {
        machine.state.withLock { $0.files["\(path)"] ?? [] }
    }
    func remove(_ path: WorkspacePath) throws { try mayWrite() }
    func absolute(_ path: WorkspacePath) -> String { "/\(path)" }
}

private struct NoFiles: FileStore {
    struct None: Error {}
    func bytes(of digest: Digest, limit: Int) throws -> [UInt8] { throw None() }
    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        throw None()
    }
    func path(of digest: Digest) throws -> String { throw None() }
    func store(_ bytes: [UInt8]) throws -> Digest { throw None() }
    func contains(_ digest: Digest) -> Bool { false }
}
