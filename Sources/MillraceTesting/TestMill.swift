import Checksums
package import Millrace
import Runtime

/// The real runtime with plugins on a journal in memory: drop things in, look at what was emitted.
///
/// ```swift
/// let mill = try TestMill([ValidatorPlugin.self], settings: settings)
/// try await mill.drop("data/flights/a.csv", "x,y\n1,2\n")
/// #expect(try mill.emitted(DataAccepted.self).count == 1)
/// ```
package final class TestMill: Sendable {
    package let log: MemoryLog
    package let world: MemoryWorld
    private let runtime: Runtime

    /// - Parameters:
    ///   - past: events that are in the journal before the plugins start; those that a plugin
    ///     subscribed to and did not handle are delivered to it.
    package init(
        _ types: [any Plugin.Type], settings: WorkspaceSettings = WorkspaceSettings(),
        past: [Event] = [], world: MemoryWorld? = nil
    ) throws {
        let world = world ?? MemoryWorld(plugins: types)
        self.world = world
        let log = MemoryLog(clock: { world.now })
        self.log = log
        let (plugins, issues) = PluginRegistry(types).makePlugins(settings)
        guard issues.isEmpty else {
            throw ReactionError("the settings have errors: \(issues)")
        }
        runtime = Runtime(
            Runtime.Configuration(
                settings: settings, plugins: plugins, world: world, log: log,
                read: { sequence, body in log.read(from: sequence, body) },
                sleep: { seconds in
                    // The patience of a reaction that runs is no time to be skipped: it would be
                    // cancelled in the middle of its work, and the clock would jump by a day.
                    if seconds > 3600 { return try await Task.sleep(for: .seconds(seconds)) }
                    // Virtual time: what waits is due at once, and the clock says so.
                    world.advance(seconds: seconds)
                    await Task.yield()
                },
                failed: { reason in world.log(.error, reason) }))
        var history = DeliveryHistory(plugins: plugins)
        for event in past {
            log.commit([
                EventDraft(
                    id: event.id, type: event.type, version: event.version,
                    subject: event.subject, actor: event.actor, causation: event.causation,
                    correlation: event.correlation, payload: event.payload)
            ])
        }
        let known = Set(past.compactMap { $0.payload(as: PluginRegistered.self)?.plugin })
        for plugin in plugins where !known.contains(plugin.name.rawValue) {
            let registered = PluginRegistered(plugin: plugin.name.rawValue, from: 1)
            log.commit([
                try EventDraft(
                    registered, id: TestMill.id("register/\(plugin.name)"), actor: .system)
            ])
        }
        for event in log.events {
            runtime.fold(event)
            history.apply(event)
        }
        let runtime = runtime
        log.onCommit { runtime.committed($0) }
        try runtime.start(history)
    }

    private static func id(_ text: String) -> EventID {
        EventID(Digest(words: SHA256.hash(Array(text.utf8)).words))
    }

    /// Puts bytes into the vault and says that a file with them arrived, as the watcher would; then
    /// waits until nothing is left to do.
    @discardableResult
    package func drop(
        _ path: String, _ bytes: [UInt8], change: FileArrived.Change = .added, uid: UInt32 = 1000
    ) async throws -> Event {
        guard let path = WorkspacePath(escaped: path) else {
            throw ReactionError("\(path) is no path inside the workspace")
        }
        let digest = try world.files.store(bytes)
        let count = log.events.count
        return try await emit(
            FileArrived(
                change: change, path: path, previousPath: nil, size: bytes.count, sha256: digest,
                uid: uid,
                identity: FileIdentity(
                    device: 1, inode: UInt64(count), modified: world.now.microseconds * 1000,
                    changed: world.now.microseconds * 1000, gid: 1000, mode: 0o644),
                area: Area(of: path)),
            actor: .user(uid))
    }

    @discardableResult
    package func drop(_ path: String, _ text: String) async throws -> Event {
        try await drop(path, Array(text.utf8))
    }

    /// Appends an event from outside and waits until nothing is left to do.
    @discardableResult
    package func emit<P: EventPayload>(_ payload: P, actor: Actor = .system) async throws -> Event {
        let id = TestMill.id("outside/\(log.events.count)")
        let events = log.commit([try EventDraft(payload, id: id, actor: actor)])
        await runtime.waitUntilIdle()
        guard let event = events.first else { throw ReactionError("nothing was appended") }
        return event
    }

    /// All payloads of a type, in the order of the journal.
    package func emitted<P: EventPayload>(_ type: P.Type) throws -> [P] {
        try log.events.filter { $0.type == P.type }.map { try $0.decode(P.self) }
    }

    /// The types of all events but the marks of the runtime, in order: a story to compare with.
    package var story: [String] {
        log.events.map(\.type).filter {
            $0 != ReactionHandled.type && $0 != PluginRegistered.type
        }
    }

    package var deadLetters: [String] {
        log.events.compactMap { $0.payload(as: ReactionDeadLettered.self)?.error }
    }
}
