import LinuxSystem
import Millrace
import MillraceTesting
import StorageKit
import Synchronization
import Testing

/// A world in which no training ends before it is let go.
private struct HeldWorld: World {
    let base: MemoryWorld
    let isHeld: Guarded<Bool>

    var now: Timestamp { base.now }
    var files: any FileStore { base.files }
    var outputs: any OutputFolders { base.outputs }

    func log(_ level: LogLevel, _ message: String) { base.log(level, message) }
    func run(_ command: ProcessRequest) async throws -> CommandResult {
        try await base.run(command)
    }
    func perform(_ request: JobRequest) async throws -> JSONValue {
        while request.job == "train", isHeld.withLock({ $0 }) { await Task.yield() }
        return try await base.perform(request)
    }
}

@Suite struct BurstTests {
    @Test func `fifty drops during a training ask for one more training, with all of them`()
        async throws
    {
        let (disk, world) = (MemoryStorage(), MemoryWorld(plugins: WholePipeline.plugins))
        let isHeld = Guarded(true)
        let pipeline = try WholePipeline(
            disk, world, seenAs: HeldWorld(base: world, isHeld: isHeld))
        try await pipeline.arrive(1)
        while pipeline.count(of: RunStarted.type) < 1 { await Task.yield() }
        for number in 2...51 { try await pipeline.arrive(number) }
        // All of them have become data, and the policy has been asked about the last.
        while pipeline.count(of: DataAccepted.type) < 51 { await Task.yield() }
        #expect(pipeline.count(of: RunCompleted.type) == 0)
        isHeld.withLock { $0 = false }
        await pipeline.settle()
        let events = try pipeline.events
        let runs = events.compactMap { $0.payload(as: RunStarted.self) }
        #expect(runs.map(\.inputs.files.count) == [1, 51])
        let live = events.compactMap { $0.payload(as: DeploymentCompleted.self) }
        #expect(live.last?.version == 2)
        try pipeline.close()
    }
}
