import Checksums
import Daemon
import Deployer
import Glibc
import Journal
import LinuxSystem
import Millrace
import MillraceTesting
import Monitor
import Runtime
import StorageKit
import Trainer
import Validator
import Vault

/// The real runtime and the real plugins on a clock of their own, whose journal is then written to a
/// workspace for the commands to read.
final class YearMill: Sendable {
    static let plugins: [any Plugin.Type] = [
        DeployerPlugin.self, MonitorPlugin.self, TrainerPlugin.self, ValidatorPlugin.self,
    ]

    let world: YearWorld
    let log: YearLog
    private let registry: PluginRegistry
    private let runtime: Runtime

    init(settings text: String, at start: Timestamp) async throws {
        let world = YearWorld(base: MemoryWorld(plugins: YearMill.plugins))
        world.base.advance(seconds: start.seconds(since: world.now))
        self.world = world
        let log = YearLog(world)
        self.log = log
        let registry = PluginRegistry(YearMill.plugins)
        self.registry = registry
        let checked = try CheckedSettings(Array(text.utf8), registry)
        let plugins = checked.plugins + [RegisteredPlugin(WorkspacePlugin(registry: registry))]
        let runtime = Runtime(
            Runtime.Configuration(
                settings: checked.settings, plugins: plugins, world: world, log: log,
                read: { sequence, body in log.read(from: sequence, body) },
                sleep: { seconds in
                    // Nobody waits for the end of a reaction's patience.
                    guard seconds <= 3600 else { throw CancellationError() }
                    world.base.advance(seconds: seconds)
                    await Task.yield()
                },
                failed: { world.log(.error, $0) }))
        self.runtime = runtime
        let first: [any EventPayload] =
            [
                DaemonStarted(
                    program: "millrace 0.1.0", pid: 4711, host: "mill", afterCrash: false),
                SettingsAccepted(sha256: checked.digest, settings: checked.settings),
            ] + plugins.map { PluginRegistered(plugin: $0.name.rawValue, from: 1) }
        var drafts: [EventDraft] = []
        for payload in first { drafts.append(try YearMill.draft(payload, drafts.count)) }
        var history = DeliveryHistory(plugins: plugins)
        for event in log.commit(drafts) {
            runtime.fold(event)
            history.apply(event)
        }
        log.onCommit { events in
            for event in events {
                guard let accepted = event.payload(as: SettingsAccepted.self) else { continue }
                runtime.reconfigure(
                    accepted.settings,
                    plugins: registry.makePlugins(accepted.settings).plugins
                        + [RegisteredPlugin(WorkspacePlugin(registry: registry))])
            }
            runtime.committed(events)
        }
        try runtime.start(history)
    }

    private static func draft(_ payload: any EventPayload, _ number: Int) throws -> EventDraft {
        func make<P: EventPayload>(_ payload: P, _ actor: Actor) throws -> EventDraft {
            try EventDraft(
                payload,
                id: EventID(Digest(words: SHA256.hash(Array("outside/\(number)".utf8)).words)),
                actor: actor)
        }
        if let file = payload as? FileArrived { return try make(file, .user(file.uid)) }
        return try make(payload, .system)
    }

    func wait(until time: Timestamp) {
        world.base.advance(seconds: max(0, time.seconds(since: world.now)))
    }

    /// A file that arrives now; returns when all is done that follows from it.
    func drop(_ name: String, _ text: String, uid: UInt32 = 1000) async throws {
        let bytes = Array(text.utf8)
        guard let path = WorkspacePath(escaped: name) else { return }
        let count = UInt64(log.batches.count)
        let file = FileArrived(
            change: .added, path: path, previousPath: nil, size: bytes.count,
            sha256: try world.files.store(bytes), uid: uid,
            identity: FileIdentity(
                device: 1, inode: count, modified: world.now.microseconds * 1000,
                changed: world.now.microseconds * 1000, gid: 100, mode: 0o644),
            area: Area(of: path))
        log.commit([try YearMill.draft(file, log.batches.count + 1000)])
        await runtime.waitUntilIdle()
    }

    // MARK: on the disk

    /// Writes the journal, and what it names, into a workspace.
    func write(to layout: WorkspaceLayout) throws {
        try Files.makeDirectories(layout.journal, mode: 0o700)
        var configuration = JournalConfiguration()
        configuration.quietMilliseconds = nil
        configuration.storage = UnsyncedStorage()
        let clock = ReplayedClock()
        configuration.clock = { clock.now }
        let writer = try JournalWriter(directory: layout.journal, configuration: configuration)
        for batch in log.batches {
            clock.now = batch.first?.time ?? clock.now
            _ = try writer.appendBlocking(
                batch.map { event in
                    EventDraft(
                        id: event.id, type: event.type, version: event.version,
                        subject: event.subject, actor: event.actor, causation: event.causation,
                        correlation: event.correlation, payload: event.payload)
                })
        }
        try writer.close()
        let vault = try Vault(directory: layout.vault)
        for object in try NamedObjects(JournalReader(directory: layout.journal)).objects {
            let bytes = try world.files.bytes(of: object.digest, limit: .max)
            let path = vault.path(of: object.digest)
            try Files.makeDirectories(path.parent, mode: 0o700)
            try Files.replace(path, with: bytes, mode: 0o400, durable: false)
        }
    }
}
