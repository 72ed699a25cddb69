import Checksums
import Deployer
import Journal
import LinuxSystem
import Millrace
import MillraceTesting
import Monitor
import Runtime
import StorageKit
import Trainer
import Validator

/// All four plugins in the real runtime, on a real journal whose disk is memory.
final class WholePipeline: Sendable {
    static let plugins: [any Plugin.Type] = [
        ValidatorPlugin.self, TrainerPlugin.self, DeployerPlugin.self, MonitorPlugin.self,
    ]
    static let folder = FilePath("/journal")

    let disk: MemoryStorage
    let world: MemoryWorld
    private let writer: JournalWriter
    private let reader: JournalReader
    private let runtime: Runtime

    /// - Parameter steps: what notes all that is done; nil when nobody does.
    init(_ disk: MemoryStorage, _ world: MemoryWorld, steps: Steps? = nil) throws {
        self.disk = disk
        self.world = world
        let settings = WholePipeline.settings
        let (plugins, issues) = PluginRegistry(WholePipeline.plugins).makePlugins(settings)
        guard issues.isEmpty else { throw ReactionError("the settings have errors: \(issues)") }
        var configuration = JournalConfiguration()
        configuration.storage = steps.map { SteppedDisk(base: disk, steps: $0) } ?? disk
        configuration.reserve = 4096
        configuration.preparesSegments = false
        configuration.makesIndexes = false
        configuration.quietMilliseconds = nil
        configuration.clock = { world.now }
        let writer = try JournalWriter(
            directory: WholePipeline.folder, configuration: configuration)
        self.writer = writer
        let reader = JournalReader(directory: WholePipeline.folder, storage: disk)
        self.reader = reader
        let runtime = Runtime(
            Runtime.Configuration(
                settings: settings, plugins: plugins,
                world: steps.map { SteppedWorld(base: world, steps: $0) } ?? world,
                log: JournalLog(writer),
                read: { sequence, body in
                    let cursor = try reader.cursor(from: sequence)
                    while let event = try cursor.nextEvent(), body(event) {}
                },
                sleep: { seconds in
                    // Nobody waits for the end of a reaction's patience.
                    guard seconds <= 3600 else { throw CancellationError() }
                    world.advance(seconds: seconds)
                    await Task.yield()
                },
                failed: { world.log(.error, $0) }))
        self.runtime = runtime
        var history = DeliveryHistory(plugins: plugins)
        for event in try events {
            runtime.fold(event)
            history.apply(event)
        }
        let missing = plugins.filter { history.positions[$0.name.rawValue] == nil }
        if !missing.isEmpty {
            let drafts = try missing.map {
                try EventDraft(
                    PluginRegistered(plugin: $0.name.rawValue, from: 1),
                    id: WholePipeline.id("register \($0.name)"), actor: .system)
            }
            for event in try writer.appendBlocking(drafts) {
                runtime.fold(event)
                history.apply(event)
            }
        }
        writer.onCommit = { runtime.committed($0) }
        try runtime.start(history)
    }

    private static var settings: WorkspaceSettings {
        var pipeline = Pipeline()
        pipeline.dataset = "points"
        pipeline.target.column = "y"
        pipeline.features = ["x"]
        pipeline.trainer.algorithm = .linearRegression
        pipeline.champion.gain = -1_000_000
        pipeline.retrain.onDrift = false
        var gate = Gate()
        gate.metric = "rmse"
        gate.atMost = 1_000_000
        pipeline.gates = [gate]
        var settings = WorkspaceSettings()
        settings.pipelines["line"] = pipeline
        return settings
    }

    private static func id(_ text: String) -> EventID {
        EventID(Digest(words: SHA256.hash(Array(text.utf8)).words))
    }

    var events: [Event] {
        get throws {
            let cursor = try reader.cursor()
            var events: [Event] = []
            while let event = try cursor.nextEvent() { events.append(event) }
            return events
        }
    }

    /// Waits until nothing is left to do.
    func settle() async { await runtime.waitUntilIdle() }

    /// Drops a file of some rows, unless the journal has it already: what the watcher does.
    func drop(_ number: Int) async throws {
        let name = "data/points/\(number).csv"
        let id = WholePipeline.id(name)
        guard try !events.contains(where: { $0.id == id }),
            let path = WorkspacePath(escaped: name)
        else { return await settle() }
        let first = 40 * number
        let text = (first..<first + 40).map { "\($0),\(3 * $0 + $0 % 7)\n" }.joined()
        let bytes = Array("x,y\n\(text)".utf8)
        let arrived = FileArrived(
            change: .added, path: path, previousPath: nil, size: bytes.count,
            sha256: try world.files.store(bytes), uid: 1000,
            identity: FileIdentity(
                device: 1, inode: UInt64(number), modified: 1, changed: 1, gid: 100, mode: 0o644),
            area: Area(of: path))
        _ = try await writer.append([try EventDraft(arrived, id: id, actor: .user(1000))])
        await settle()
    }

    func close() throws { try writer.close() }
}
