import Journal
import LinuxSystem
import Millrace
import MillraceTesting
import StorageKit
import Synchronization

/// Everything that a run does to the world, one step at a time, and what was there before each: what a
/// process that is killed at that moment leaves behind.
final class Steps: Sendable {
    struct Moment: Sendable {
        /// What was about to be done.
        let step: String
        let disk: MemoryStorage
        /// What a power cut leaves, where something was written that is yet to be forced out.
        let afterPowerCut: MemoryStorage?
        let world: MemoryWorld
    }

    private let disk: MemoryStorage
    private let world: MemoryWorld
    private let recorded = Guarded<[Moment]>([])

    init(_ disk: MemoryStorage, _ world: MemoryWorld) {
        self.disk = disk
        self.world = world
    }

    var moments: [Moment] { recorded.withLock { $0 } }

    /// Does a step. No other is done meanwhile, so that the disk and the world are of one moment.
    func take<R, E: Error>(_ step: String, _ body: () throws(E) -> R) throws(E) -> R {
        try recorded.withLock { moments throws(E) in
            var random = SystemRandomNumberGenerator()
            moments.append(
                Moment(
                    step: step, disk: disk.copy(),
                    afterPowerCut: step == "sync" ? disk.powerCut(&random) : nil,
                    world: world.copy()))
            return try body()
        }
    }

    /// What is not done in a moment: others go on meanwhile.
    func mark(_ step: String) { take(step) {} }
}

/// A journal's disk that counts.
struct SteppedDisk: WrappedStorage {
    let base: MemoryStorage
    let steps: Steps

    func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        try steps.take("write") { () throws(SystemError) in
            try base.write(file, bytes, at: offset)
        }
    }
    func syncData(_ file: CInt) throws(SystemError) {
        try steps.take("sync") { () throws(SystemError) in try base.syncData(file) }
    }
    func truncate(_ file: CInt, to size: Int) throws(SystemError) {
        try steps.take("truncate") { () throws(SystemError) in
            try base.truncate(file, to: size)
        }
    }
    func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) {
        try steps.take("rename") { () throws(SystemError) in try base.rename(from, to) }
    }
    func unlink(_ path: FilePath) throws(SystemError) {
        try steps.take("unlink") { () throws(SystemError) in try base.unlink(path) }
    }
    func syncDirectory(_ path: FilePath) throws(SystemError) {
        try steps.take("sync of the folder") { () throws(SystemError) in
            try base.syncDirectory(path)
        }
    }
}

/// A world whose effects count.
struct SteppedWorld: World, FileStore, OutputFolders {
    let base: MemoryWorld
    let steps: Steps

    var now: Timestamp { base.now }
    var files: any FileStore { self }
    var outputs: any OutputFolders { self }

    func log(_ level: LogLevel, _ message: String) { base.log(level, message) }
    func run(_ command: ProcessRequest) async throws -> CommandResult {
        try await base.run(command)
    }
    func perform(_ request: JobRequest) async throws -> JSONValue {
        steps.mark("start of \(request.job)")
        defer { steps.mark("end of \(request.job)") }
        return try await base.perform(request)
    }

    func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        try base.files.bytes(of: digest, limit: limit)
    }
    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        try base.files.withDescriptor(of: digest, body)
    }
    func path(of digest: Digest) throws -> String { try base.files.path(of: digest) }
    func contains(_ digest: Digest) -> Bool { base.files.contains(digest) }
    func store(_ bytes: [UInt8]) throws -> Digest {
        try steps.take("store") { try base.files.store(bytes) }
    }

    func write(_ bytes: [UInt8], to path: WorkspacePath) throws {
        try steps.take("write \(path)") { try base.outputs.write(bytes, to: path) }
    }
    func place(_ digest: Digest, at path: WorkspacePath) throws {
        try steps.take("place \(path)") { try base.outputs.place(digest, at: path) }
    }
    func link(_ path: WorkspacePath, to target: WorkspacePath) throws {
        try steps.take("link \(path)") { try base.outputs.link(path, to: target) }
    }
    func remove(_ path: WorkspacePath) throws {
        try steps.take("remove \(path)") { try base.outputs.remove(path) }
    }
    func target(of path: WorkspacePath) throws -> WorkspacePath? {
        try base.outputs.target(of: path)
    }
    func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8] {
        try base.outputs.read(path, limit: limit)
    }
    func absolute(_ path: WorkspacePath) -> String { base.outputs.absolute(path) }
}
