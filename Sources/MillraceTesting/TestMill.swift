public import Millrace
package import Runtime

/// The real runtime with plugins on a journal in memory: drop things in, look at what was emitted.
///
/// ```swift
/// let mill = try TestMill([ValidatorPlugin.self], settings: settings)
/// try await mill.drop("data/flights/a.csv", "x,y\n1,2\n")
/// #expect(try mill.emitted(DataAccepted.self).count == 1)
/// ```
public final class TestMill: RunningMill {
    package let log: MemoryLog
    public let world: MemoryWorld
    private let runtime: Runtime

    /// - Parameters:
    ///   - past: events that are in the journal before the plugins start; those that a plugin
    ///     subscribed to and did not handle are delivered to it.
    public convenience init(
        _ types: [any Plugin.Type], settings: WorkspaceSettings = WorkspaceSettings(),
        past: [Event] = [], world: MemoryWorld? = nil
    ) throws {
        try self.init(types, settings: settings, past: past, world: world, observing: nil)
    }

    init(
        _ types: [any Plugin.Type], settings: WorkspaceSettings, past: [Event] = [],
        world: MemoryWorld?, observing recording: Recording?
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
            log.commit([try Arrival.registration(of: plugin)])
        }
        for event in log.events {
            runtime.fold(event)
            history.apply(event)
        }
        let runtime = runtime
        recording?.appended(upTo: log.events.count)
        log.onCommit { events in
            recording?.appended(upTo: Int(clamping: events.last?.sequence ?? 0))
            runtime.committed(events)
        }
        try runtime.start(history)
    }

    /// Puts bytes into the vault and says that a file with them arrived, as the watcher would; then
    /// waits until nothing is left to do.
    @discardableResult
    public func drop(
        _ path: String, _ bytes: [UInt8], change: FileArrived.Change, uid: UInt32 = 1000
    ) async throws -> Event {
        guard let path = WorkspacePath(escaped: path) else {
            throw ReactionError("\(path) is no path inside the workspace")
        }
        let digest = try world.files.store(bytes)
        return try await emit(
            Arrival.payload(
                path, size: bytes.count, digest, change: change, uid: uid,
                number: log.events.count, at: world.now),
            actor: .user(uid))
    }

    @discardableResult
    public func drop(_ path: String, _ bytes: [UInt8]) async throws -> Event {
        try await drop(path, bytes, change: .added)
    }

    /// Appends an event from outside and waits until nothing is left to do.
    @discardableResult
    public func emit<P: EventPayload>(_ payload: P, actor: Actor = .system) async throws -> Event {
        let id = Arrival.id("outside/\(log.events.count)")
        let events = await append([try EventDraft(payload, id: id, actor: actor)])
        guard let event = events.first else { throw ReactionError("nothing was appended") }
        return event
    }

    @discardableResult
    func append(_ batch: [EventDraft]) async -> [Event] {
        let events = log.commit(batch)
        await settle()
        return events
    }

    /// Waits until nothing is left to do.
    public func settle() async { await runtime.waitUntilIdle() }

    /// How each plugin stands.
    package var reports: [String: PluginReport] { runtime.reports }

    /// The types of all events but the marks of the runtime, in order: a story to compare with.
    public var story: [String] {
        log.events.map(\.type).filter {
            $0 != ReactionHandled.type && $0 != PluginRegistered.type
        }
    }

    /// The errors of the events that were set aside.
    public var deadLetters: [String] {
        log.events.compactMap { $0.payload(as: ReactionDeadLettered.self)?.error }
    }

    public var events: [Event] { log.events }

    public func output(_ path: String) throws -> [UInt8]? { world.written[path] }
}
