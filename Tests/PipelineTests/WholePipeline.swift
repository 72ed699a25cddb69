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
    private let counts = Guarded<[String: Int]>([:])

    /// - Parameters:
    ///   - steps: what notes all that is done; nil when nobody does.
    ///   - seen: the world as the plugins see it; nil for the world itself.
    init(
        _ disk: MemoryStorage, _ world: MemoryWorld, steps: Steps? = nil,
        seenAs seen: (any World)? = nil
    ) throws {
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
                world: seen ?? steps.map { SteppedWorld(base: world, steps: $0) } ?? world,
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
        let counts = counts
        writer.onCommit = { events in
            runtime.committed(events)
            counts.withLock { counts in
                for event in events { counts[event.type, default: 0] += 1 }
            }
        }
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

    /// How many events of a type came since it was opened.
    func count(of type: String) -> Int { counts.withLock { $0[type] ?? 0 } }

    /// Drops a file of some rows, unless the journal has it already, which is what the watcher does, and
    /// waits until nothing is left to do.
    func drop(_ number: Int) async throws {
        let id = WholePipeline.id(WholePipeline.name(number))
        if try !events.contains(where: { $0.id == id }) { try await arrive(number) }
        await settle()
    }

    /// A file of some rows arrives.
    func arrive(_ number: Int) async throws {
        let name = WholePipeline.name(number)
        guard let path = WorkspacePath(escaped: name) else { return }
        // Other values in each file, all of them within what the first one proposes.
        let text = (0..<40).map { row in
            let x = (31 * number + 5 * row) % 200
            return "\(x),\(3 * x + row % 7)\n"
        }.joined()
        let bytes = Array("x,y\n\(text)".utf8)
        let arrived = FileArrived(
            change: .added, path: path, previousPath: nil, size: bytes.count,
            sha256: try world.files.store(bytes), uid: 1000,
            identity: FileIdentity(
                device: 1, inode: UInt64(number), modified: 1, changed: 1, gid: 100, mode: 0o644),
            area: Area(of: path))
        let draft = try EventDraft(arrived, id: WholePipeline.id(name), actor: .user(1000))
        _ = try await writer.append([draft])
    }

    private static func name(_ number: Int) -> String { "data/points/\(number).csv" }

    func close() throws { try writer.close() }
}
