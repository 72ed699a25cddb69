import LinuxSystem
package import Millrace

/// Hands each event of the log to the plugins that subscribed to it, and appends what they emit.
///
/// It is driven by the log alone: `committed` is called with every event that was appended, and what
/// a reaction did counts when its batch comes back that way.
package final class Runtime: Sendable {
    package struct Configuration: Sendable {
        package var settings: WorkspaceSettings
        package var plugins: [RegisteredPlugin]
        /// States that no plugin asked for and somebody looks at.
        package var observed: [any Projection.Type] = []
        package var world: any World
        package var log: any EventLog
        /// Reads the log again from a sequence; ends when the closure returns false.
        package var read: @Sendable (UInt64, (Event) -> Bool) throws -> Void
        /// Waits for so many seconds; a test's clock answers when it likes.
        package var sleep: @Sendable (Double) async throws -> Void
        /// Starts a task that nobody waits for; a simulation decides what runs next.
        package var start: @Sendable (@escaping @Sendable () async -> Void) -> Task<Void, Never>
        /// A random number from 0 to 1, which spreads the waits of many.
        package var random: @Sendable () -> Double
        /// Where it is noted what runs; nil for a test, which does not die.
        package var inFlight: InFlightRecord?
        /// Called with what makes going on impossible: the log cannot be written.
        package var failed: @Sendable (String) -> Void

        package init(
            settings: WorkspaceSettings, plugins: [RegisteredPlugin], world: any World,
            log: any EventLog, read: @escaping @Sendable (UInt64, (Event) -> Bool) throws -> Void,
            sleep: @escaping @Sendable (Double) async throws -> Void,
            start: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Task<Void, Never> =
                {
                    TaskPool.start($0)
                },
            random: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
            inFlight: InFlightRecord? = nil,
            failed: @escaping @Sendable (String) -> Void
        ) {
            self.settings = settings
            self.plugins = plugins
            self.world = world
            self.log = log
            self.read = read
            self.sleep = sleep
            self.start = start
            self.random = random
            self.inFlight = inFlight
            self.failed = failed
        }

        var projections: [any Projection.Type] { plugins.flatMap(\.projections) + observed }
    }

    struct RunningReaction: Sendable {
        let token: UInt64
        var task: Task<Void, Never>?
        var deadline: Timestamp
        /// Its time is over: it was asked to stop, and is given up at the deadline.
        var isCalledOff = false
        /// Fails it although it still runs.
        var giveUp: (@Sendable () async -> Void)?
        /// Its batch is on the way to the log: too late to call it off.
        var isCommitting = false
    }

    struct State: Sendable {
        var settings: WorkspaceSettings
        var plugins: [String: RegisteredPlugin] {
            didSet { subscribers = State.subscribers(plugins) }
        }
        /// By event type, the plugins that react to it in the order of their names, so that the same log
        /// gives the same run.
        private(set) var subscribers: [String: [RegisteredPlugin]]
        var delivery: DeliveryStateMachine
        var projections: ProjectionSet
        var depths = CauseDepths()
        var accounts = PluginAccounts()
        var head: UInt64 = 0
        var running: [DeliveryStateMachine.Key: RunningReaction] = [:]
        var nextToken: UInt64 = 0
        var timer: (due: Timestamp, task: Task<Void, Never>)?
        /// Something may be due before the timer, or there is no timer.
        var mayBeDueEarlier = false
        var idleWaiters: [CheckedContinuation<Void, Never>] = []
        var isStarted = false

        init(
            settings: WorkspaceSettings, plugins: [String: RegisteredPlugin],
            delivery: DeliveryStateMachine, projections: ProjectionSet
        ) {
            self.settings = settings
            self.plugins = plugins
            subscribers = State.subscribers(plugins)
            self.delivery = delivery
            self.projections = projections
        }

        private static func subscribers(
            _ plugins: [String: RegisteredPlugin]
        ) -> [String: [RegisteredPlugin]] {
            var subscribers: [String: [RegisteredPlugin]] = [:]
            for plugin in plugins.values.sorted(by: { $0.name.rawValue < $1.name.rawValue }) {
                for type in plugin.subscriptions { subscribers[type, default: []].append(plugin) }
            }
            return subscribers
        }
    }

    let state: Guarded<State>
    let configuration: Configuration

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        state = Guarded(
            State(
                settings: configuration.settings,
                plugins: Dictionary(
                    configuration.plugins.map { ($0.name.rawValue, $0) },
                    uniquingKeysWith: { first, _ in first }),
                delivery: DeliveryStateMachine(
                    plugins: configuration.plugins,
                    limits: Runtime.limits(configuration.settings.runtime)),
                projections: ProjectionSet(configuration.projections)))
    }

    static func limits(_ settings: RuntimeSettings) -> DeliveryStateMachine.Limits {
        var limits = DeliveryStateMachine.Limits()
        limits.concurrency = settings.concurrency
        limits.attempts = settings.attempts
        limits.backoff = settings.backoff.milliseconds
        limits.backoffLimit = settings.backoffLimit.milliseconds
        return limits
    }

    /// Folds an event of the past. Called in order for the whole log, before `start`.
    package func fold(_ event: Event) {
        state.withLock { state in
            state.projections.apply(event)
            state.depths.record(event)
            state.head = event.sequence
        }
    }

    /// Takes up what was folded already, instead of the events themselves.
    package func take(_ fold: StateFold) {
        let projections = fold.projections.keeping(configuration.projections)
        state.withLock { state in
            state.projections = projections
            state.depths = fold.depths
            state.head = fold.sequence
        }
    }

    /// Takes up what the plugins have yet to handle, and begins to react.
    package func start(_ history: DeliveryHistory) throws {
        var pending: [UInt64: [(String, Int)]] = [:]
        for (plugin, position) in history.positions {
            for sequence in position.pending {
                pending[sequence, default: []].append(
                    (plugin, position.attempts[sequence] ?? 0))
            }
        }
        if let first = pending.keys.min() {
            var left = pending.count
            try configuration.read(first) { event in
                if let waiting = pending[event.sequence] {
                    left -= 1
                    state.withLock { state in
                        for (plugin, attempts) in waiting {
                            state.delivery.offer(event, to: plugin, attempts: attempts)
                        }
                    }
                }
                return left > 0
            }
        }
        state.withLock { state in
            for entry in configuration.inFlight?.remains.entries ?? []
            where configuration.inFlight?.remains.hasTrapped == true
                && history.positions[entry.plugin]?.pending.contains(entry.sequence) == true
            {
                state.delivery.suspect(entry.plugin, entry.sequence)
            }
            state.accounts = PluginAccounts(history)
            state.isStarted = true
        }
        proceed()
    }

    /// Events were appended. Called in the order of the log, by one thread at a time, with one batch or
    /// several that became durable together.
    package func committed(_ events: [Event]) {
        var retried: [(plugin: String, sequence: UInt64)] = []
        state.withLock { state in
            for event in events {
                state.projections.apply(event)
                state.depths.record(event)
                state.head = event.sequence
                for plugin in state.subscribers[event.type] ?? [] where plugin.reacts(to: event) {
                    state.delivery.offer(event, to: plugin.name.rawValue)
                    state.accounts.offered(to: plugin.name.rawValue)
                }
                switch event.type {
                case ReactionHandled.type:
                    // Every second or third event is one: not more is read of it than is needed.
                    if let done = event.members(of: ReactionHandled.self),
                        let plugin = done.value("plugin", as: String.self),
                        let sequences = done.value("handled", as: [UInt64].self),
                        let milliseconds = done.value("milliseconds", as: Double.self)
                    {
                        // What ran waited for nothing but this.
                        if let key = state.delivery.handled(plugin, sequences) {
                            state.running[key] = nil
                        }
                        state.accounts.handled(plugin, sequences, milliseconds: milliseconds)
                    }
                case ReactionFailed.type:
                    if let failed = event.payload(as: ReactionFailed.self) {
                        state.accounts.apply(failed, at: event.time)
                    }
                case ReactionDeadLettered.type:
                    if let dead = event.payload(as: ReactionDeadLettered.self) {
                        state.delivery.deadLettered(dead.plugin, dead.sequences)
                        state.accounts.apply(dead, at: event.time)
                    }
                case DeadLetterResolved.type:
                    if let resolved = event.payload(as: DeadLetterResolved.self),
                        resolved.outcome == .retried
                    {
                        retried.append((resolved.plugin, resolved.sequence))
                    }
                default: break
                }
            }
        }
        for letter in retried { offerAgain(letter.sequence, to: letter.plugin) }
        proceed()
    }

    /// Takes other settings and plugins for the reactions that start from now on.
    package func reconfigure(_ settings: WorkspaceSettings, plugins: [RegisteredPlugin]) {
        state.withLock { state in
            state.settings = settings
            state.plugins = Dictionary(
                plugins.map { ($0.name.rawValue, $0) }, uniquingKeysWith: { first, _ in first })
            state.delivery.reconfigure(
                plugins: plugins, limits: Runtime.limits(settings.runtime), head: state.head)
        }
        proceed()
    }

    /// The state that a plugin folded, as of now.
    package func projection<P: Projection>(_ type: P.Type) -> P? {
        state.withLock { $0.projections.state(type) }
    }

    /// Returns when nothing runs and nothing waits.
    package func waitUntilIdle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.delivery.isIdle { return true }
                state.idleWaiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Starts nothing new; returns when what runs has ended, or after so many seconds.
    package func drain(seconds: Double) async {
        state.withLock { $0.delivery.drain() }
        let sleep = configuration.sleep
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled, self.inFlight > 0 {
                    guard (try? await sleep(0.01)) != nil else { return }
                }
            }
            group.addTask { try? await sleep(seconds) }
            _ = await group.next()
            group.cancelAll()
        }
    }

    /// The settings in force.
    package var settings: WorkspaceSettings { state.withLock { $0.settings } }

    /// How many reactions run.
    package var inFlight: Int { state.withLock { $0.delivery.inFlight } }

    /// How each plugin stands.
    package var reports: [String: PluginReport] {
        state.withLock { $0.accounts.reports($0.delivery) }
    }

    /// Nothing runs and nothing waits.
    package var isIdle: Bool { state.withLock { $0.delivery.isIdle } }
}
