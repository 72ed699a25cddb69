import LinuxSystem
import Millrace
import Synchronization

// The effectful half: runs what the state machine decided, and tells it what came of it.
extension Runtime {
    private struct Start {
        let key: DeliveryStateMachine.Key
        let plugin: RegisteredPlugin
        let events: [Event]
        let attempt: Int
        let observed: UInt64
        let token: UInt64
        let context: Context
        let depth: Int
        let slot: Int?
        /// Seconds.
        let timeout: Double
    }

    /// Does what there is to do now.
    func proceed() {
        var starts: [Start] = []
        var refills: [(String, UInt64)] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        let now = configuration.world.now
        state.withLock { state in
            guard state.isStarted else { return }
            while let action = state.delivery.next(at: now) {
                switch action {
                case .run(let key, let events, let attempt):
                    if let start = begin(key, events, attempt, now, &state) {
                        starts.append(start)
                    }
                case .refill(let plugin, let from): refills.append((plugin, from))
                }
            }
            arm(&state, now: now)
            if state.delivery.isIdle {
                waiters = state.idleWaiters
                state.idleWaiters = []
            }
        }
        for start in starts { launch(start) }
        for (plugin, from) in refills { refill(plugin, from: from) }
        for waiter in waiters { waiter.resume() }
    }

    private func begin(
        _ key: DeliveryStateMachine.Key, _ events: [Event], _ attempt: Int, _ now: Timestamp,
        _ state: inout State
    ) -> Start? {
        guard let plugin = state.plugins[key.plugin], let event = events.last else { return nil }
        state.nextToken += 1
        let timeout =
            plugin.reactions.filter {
                $0.matches(type: event.type, subjectKind: event.subject.kind)
            }.map(\.timeout).max() ?? 60
        let entry = InFlightRecord.Entry(plugin: key.plugin, sequence: event.sequence)
        let slot = configuration.inFlight?.begin(entry)
        var world = configuration.world
        if let record = configuration.inFlight, let slot {
            world = ReactionWorld(base: world, record: record, entry: entry, slot: slot)
        }
        state.running[key] = RunningReaction(
            token: state.nextToken, deadline: now.advanced(bySeconds: timeout))
        return Start(
            key: key, plugin: plugin, events: events, attempt: attempt, observed: state.head,
            token: state.nextToken,
            context: Context(
                event: event, events: events, settings: state.settings, attempt: attempt,
                plugin: plugin.name, states: state.projections.states(for: plugin),
                world: world),
            depth: state.depths.depth(of: event.id) + 1, slot: slot, timeout: timeout)
    }

    private func launch(_ start: Start) {
        let task = configuration.start { await self.react(start) }
        state.withLock { state in
            if state.running[start.key]?.token == start.token {
                state.running[start.key]?.task = task
                state.running[start.key]?.giveUp = {
                    await self.fail(
                        start, "\(Runtime.tooLong(start)), and did not stop when it was told to",
                        retryable: true)
                }
            }
        }
    }

    private func react(_ start: Start) async {
        let began = ContinuousClock.now
        defer { if let slot = start.slot { configuration.inFlight?.end(slot) } }
        do {
            var payloads: [any EventPayload] = []
            for reaction in start.plugin.reactions
            where reaction.matches(
                type: start.context.event.type, subjectKind: start.context.event.subject.kind)
            {
                payloads += try await reaction.handle(start.context.event, start.context)
            }
            try Task.checkCancellation()
            var batch = try emitted(payloads, start)
            let spent = (ContinuousClock.now - began) / .milliseconds(1)
            batch.append(
                try Emission.mark(
                    ReactionHandled(
                        plugin: start.key.plugin, handled: start.events.map(\.sequence),
                        observed: start.observed, attempts: start.attempt,
                        milliseconds: (spent * 1000).rounded() / 1000),
                    cause: start.context.event, salt: start.key.plugin))
            guard claim(start) else { return }
            try await append(batch)
            state.withLock { state in
                if state.running[start.key]?.token == start.token { state.running[start.key] = nil }
            }
        } catch let error as AppendFailure {
            configuration.failed(error.reason)
        } catch let error as any ShortageError where error.isShortage {
            starve(start, "\(error)")
        } catch {
            let isLate = state.withLock { state in
                state.running[start.key].map { $0.token == start.token && $0.isCalledOff } ?? false
            }
            await fail(
                start, isLate ? Runtime.tooLong(start) : "\(error)",
                retryable: (error as? ReactionError)?.retryable ?? true)
        }
    }

    private static func tooLong(_ start: Start) -> String {
        "it took longer than its limit of \(start.timeout) seconds"
    }

    /// Seconds in which a reaction that was told to stop has to end.
    private static let patience = 10.0

    private struct AppendFailure: Error {
        let reason: String
    }

    private func append(_ batch: [EventDraft]) async throws(AppendFailure) {
        do {
            try await configuration.log.append(batch)
        } catch {
            throw AppendFailure(reason: "\(error)")
        }
    }

    /// The drafts of what a reaction emitted; when it is too far from the drop, the cut instead.
    private func emitted(_ payloads: [any EventPayload], _ start: Start) throws -> [EventDraft] {
        let limit = state.withLock { $0.settings.runtime.chainDepth }
        if !payloads.isEmpty, start.depth > limit {
            return [
                try Emission.mark(
                    ChainCut(
                        plugin: start.key.plugin, sequence: start.context.event.sequence,
                        depth: start.depth, types: payloads.map(\.eventType),
                        cycle: causes(of: start.context.event)),
                    cause: start.context.event, salt: start.key.plugin)
            ]
        }
        return try Emission.drafts(payloads, by: start.plugin, cause: start.context.event)
    }

    /// True while nobody has called the reaction off. From then on it cannot be.
    private func claim(_ start: Start) -> Bool {
        state.withLock { state in
            guard state.running[start.key]?.token == start.token else { return false }
            state.running[start.key]?.isCommitting = true
            return true
        }
    }

    private func starve(_ start: Start, _ error: String) {
        guard claim(start) else { return }
        let now = configuration.world.now
        state.withLock { state in
            state.running[start.key] = nil
            state.delivery.starved(start.key, at: now)
        }
        configuration.world.log(
            .error,
            "\(start.key.plugin): event \(start.context.event.sequence) waits for room, "
                + "again in a second: \(error)")
        proceed()
    }

    private func fail(_ start: Start, _ error: String, retryable: Bool) async {
        guard claim(start) else { return }
        let verdict = state.withLock { state in
            state.running[start.key] = nil
            return state.delivery.failed(
                start.key, at: configuration.world.now, retryable: retryable,
                jitter: configuration.random())
        }
        let event = start.context.event
        do {
            switch verdict {
            case .retry(let at):
                configuration.world.log(
                    .warning,
                    "\(start.key.plugin): event \(event.sequence) (\(event.type)) failed, "
                        + "attempt \(start.attempt), again at \(at): \(error)")
                try await append([
                    try Emission.mark(
                        ReactionFailed(
                            plugin: start.key.plugin, sequence: event.sequence,
                            attempt: start.attempt, error: error, retryAt: at),
                        cause: event, salt: "\(start.key.plugin)/\(start.attempt)")
                ])
            case .deadLetter:
                configuration.world.log(
                    .error,
                    "\(start.key.plugin): event \(event.sequence) (\(event.type)) is set "
                        + "aside after \(start.attempt) attempts: \(error)")
                try await append([
                    try Emission.mark(
                        ReactionDeadLettered(
                            plugin: start.key.plugin, sequences: start.events.map(\.sequence),
                            attempts: start.attempt, error: error),
                        cause: event, salt: "\(start.key.plugin)/\(start.observed)")
                ])
            }
        } catch let failure as AppendFailure {
            configuration.failed(failure.reason)
        } catch {
            configuration.failed("a failure could not be recorded: \(error)")
        }
        proceed()
    }

    /// Sets the one timer to the next moment that matters, or takes it away.
    private func arm(_ state: inout State, now: Timestamp) {
        let deadlines = state.running.values.filter { !$0.isCommitting }.map(\.deadline)
        let due = (deadlines + [state.delivery.nextDue].compactMap { $0 }).min()
        if let timer = state.timer {
            if let due, timer.due <= due { return }
            timer.task.cancel()
            state.timer = nil
        }
        guard let due else { return }
        let wait = max(0, due.seconds(since: now))
        let sleep = configuration.sleep
        let task = configuration.start {
            guard (try? await sleep(wait)) != nil else { return }
            self.timerFired(due)
        }
        state.timer = (due, task)
    }

    private func timerFired(_ due: Timestamp) {
        var late: [Task<Void, Never>] = []
        var lost: [@Sendable () async -> Void] = []
        state.withLock { state in
            if state.timer?.due == due { state.timer = nil }
            let now = max(configuration.world.now, due)
            let over = state.running.filter { $0.value.deadline <= now && !$0.value.isCommitting }
            for (key, running) in over.sorted(by: { $0.value.token < $1.value.token }) {
                if running.isCalledOff {
                    if let giveUp = running.giveUp { lost.append(giveUp) }
                    // In a moment it is gone; not again before.
                    state.running[key]?.deadline = now.advanced(bySeconds: Runtime.patience)
                } else if let task = running.task {
                    late.append(task)
                    state.running[key]?.isCalledOff = true
                    state.running[key]?.deadline = now.advanced(bySeconds: Runtime.patience)
                } else {
                    // It is being started at this moment.
                    state.running[key]?.deadline = now.advanced(bySeconds: 0.1)
                }
            }
            state.delivery.wake(at: now)
        }
        // Cancelled reactions throw, and fail the ordinary way.
        for task in late { task.cancel() }
        for giveUp in lost { _ = configuration.start { await giveUp() } }
        proceed()
    }

    /// Takes up what was left in the log because too much was waiting.
    private func refill(_ plugin: String, from: UInt64) {
        var next = from
        do {
            try configuration.read(from) { event in
                next = event.sequence + 1
                return state.withLock { state in
                    state.delivery.refill(event, to: plugin, head: state.head)
                }
            }
        } catch {
            configuration.failed("the journal cannot be read again: \(error)")
            return
        }
        state.withLock { $0.delivery.refillEnded(plugin, before: next) }
        proceed()
    }

    func offerAgain(_ sequence: UInt64, to plugin: String) {
        do {
            try configuration.read(sequence) { event in
                if event.sequence == sequence {
                    state.withLock { state in
                        state.delivery.offer(event, to: plugin)
                        state.accounts.offered(to: plugin)
                    }
                }
                return false
            }
        } catch {
            configuration.world.log(.error, "dead letter \(sequence) cannot be read: \(error)")
        }
    }
}
