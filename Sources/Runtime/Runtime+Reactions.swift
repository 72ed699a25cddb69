import LinuxSystem
import Millrace
import Synchronization

// The effectful half: runs what the state machine decided, and tells it what came of it.
extension Runtime {
    private struct Start: Sendable {
        let key: DeliveryStateMachine.Key
        let plugin: RegisteredPlugin
        /// What it handles; the last one is what it is called with.
        let events: [Event]
        let event: Event
        let attempt: Int
        let observed: UInt64
        let token: UInt64
        let settings: WorkspaceSettings
        let states: [ObjectIdentifier: any Projection]
        let depth: Int
        /// Seconds.
        let timeout: Double
    }

    /// What there is to do now.
    private struct Decision: Sendable {
        var starts: [Start] = []
        var refills: [(plugin: String, from: UInt64)] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Does what there is to do now.
    func proceed() {
        let now = configuration.world.now
        carryOut(state.withLock { decide(now, &$0) })
    }

    private func decide(_ now: Timestamp, _ state: inout State) -> Decision {
        var decision = Decision()
        guard state.isStarted else { return decision }
        while let action = state.delivery.next(at: now) {
            switch action {
            case .run(let key, let events, let attempt):
                if let start = begin(key, events, attempt, now, &state) {
                    decision.starts.append(start)
                }
            case .refill(let plugin, let from): decision.refills.append((plugin, from))
            }
        }
        arm(&state, now: now)
        if state.delivery.isIdle, !state.idleWaiters.isEmpty {
            decision.waiters = state.idleWaiters
            state.idleWaiters = []
        }
        return decision
    }

    private func carryOut(_ decision: Decision) {
        for start in decision.starts { launch(start) }
        for (plugin, from) in decision.refills { refill(plugin, from: from) }
        for waiter in decision.waiters { waiter.resume() }
    }

    private func begin(
        _ key: DeliveryStateMachine.Key, _ events: [Event], _ attempt: Int, _ now: Timestamp,
        _ state: inout State
    ) -> Start? {
        guard let plugin = state.plugins[key.plugin], let event = events.last else { return nil }
        state.nextToken += 1
        let timeout = plugin.timeout(for: event)
        let deadline = now.advanced(bySeconds: timeout)
        state.running[key] = RunningReaction(token: state.nextToken, deadline: deadline)
        if (state.timer?.due ?? deadline) >= deadline { state.mayBeDueEarlier = true }
        return Start(
            key: key, plugin: plugin, events: events, event: event, attempt: attempt,
            observed: state.head, token: state.nextToken, settings: state.settings,
            states: state.projections.states(for: plugin),
            depth: state.depths.depth(of: event.id) + 1, timeout: timeout)
    }

    private func launch(_ start: Start) {
        let task = configuration.start { await self.react(start) }
        state.withLock { adopt(start, task, &$0) }
    }

    /// Says who does it, so that it can be called off.
    private func adopt(_ start: Start, _ task: Task<Void, Never>, _ state: inout State) {
        guard state.running[start.key]?.token == start.token else { return }
        state.running[start.key]?.task = task
        state.running[start.key]?.giveUp = {
            await self.fail(
                start, "\(Runtime.tooLong(start)), and did not stop when it was told to",
                retryable: true)
        }
    }

    /// One task does so many reactions, and goes on for so many seconds, before others have their turn.
    private static let turn = (reactions: 16, seconds: 0.001)

    /// Does a reaction, and then what may run in its place, on the same thread: under load nobody has to
    /// be woken.
    private func react(_ first: Start) async {
        var next: Start? = first
        var turn = (count: 0, began: configuration.world.now)
        while let start = next {
            next = await reactOnce(start)
            turn.count += 1
            let now = configuration.world.now
            guard next != nil,
                turn.count >= Runtime.turn.reactions
                    || now.seconds(since: turn.began) > Runtime.turn.seconds
            else { continue }
            await Task.yield()
            turn = (0, now)
        }
    }

    /// - Returns: what the same task is to do next.
    private func reactOnce(_ start: Start) async -> Start? {
        do {
            let batch = try await work(start)
            return await commit(batch, of: start)
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
        return nil
    }

    /// Runs the plugin's code. - Returns: what is to be journaled.
    private func work(_ start: Start) async throws -> [EventDraft] {
        let began = ContinuousClock.now
        let entry = InFlightRecord.Entry(plugin: start.key.plugin, sequence: start.event.sequence)
        let slot = configuration.inFlight?.begin(entry)
        defer { if let slot { configuration.inFlight?.end(slot) } }
        var world = configuration.world
        if let record = configuration.inFlight, let slot {
            world = ReactionWorld(base: world, record: record, entry: entry, slot: slot)
        }
        let context = Context(
            event: start.event, events: start.events, settings: start.settings,
            attempt: start.attempt, plugin: start.plugin.name, states: start.states, world: world)
        var payloads: [any EventPayload] = []
        for reaction in start.plugin.reactions where reaction.matches(start.event) {
            payloads += try await reaction.handle(start.event, context)
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
                cause: start.event, salt: start.key.plugin))
        try Emission.check(batch, of: start.plugin)
        return batch
    }

    /// Hands the batch to the log, which tells when it is durable, and gives the place away.
    ///
    /// - Returns: what the same task is to do next.
    private func commit(_ batch: [EventDraft], of start: Start) async -> Start? {
        let now = configuration.world.now
        let (decision, next) = state.withLock { state -> (Decision?, Start?) in
            guard let running = state.running[start.key], running.token == start.token else {
                return (nil, nil)
            }
            state.running[start.key]?.isCommitting = true
            state.delivery.committing(start.key)
            var decision = decide(now, &state)
            // A cancellation that is on its way is for this reaction and no other; and nobody could
            // call the next one off before it is known who does it.
            guard !running.isCalledOff, let task = running.task, !decision.starts.isEmpty else {
                return (decision, nil)
            }
            let next = decision.starts.removeFirst()
            adopt(next, task, &state)
            return (decision, next)
        }
        guard let decision else { return nil }
        await configuration.log.submit(batch) { self.configuration.failed($0) }
        carryOut(decision)
        return next
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
        if !payloads.isEmpty, start.depth > start.settings.runtime.chainDepth {
            return [
                try Emission.mark(
                    ChainCut(
                        plugin: start.key.plugin, sequence: start.event.sequence,
                        depth: start.depth, types: payloads.map(\.eventType),
                        cycle: causes(of: start.event)),
                    cause: start.event, salt: start.key.plugin)
            ]
        }
        return try Emission.drafts(payloads, by: start.plugin, cause: start.event)
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
            state.mayBeDueEarlier = true
        }
        configuration.world.log(
            .error,
            "\(start.key.plugin): event \(start.event.sequence) waits for room, "
                + "again in a second: \(error)")
        proceed()
    }

    /// Bytes of an error that are kept: a program may print what it likes.
    private static let errorLimit = 16 << 10

    private func fail(_ start: Start, _ error: String, retryable: Bool) async {
        guard claim(start) else { return }
        let error =
            error.utf8.count <= Runtime.errorLimit
            ? error : String(decoding: error.utf8.prefix(Runtime.errorLimit), as: UTF8.self) + " …"
        let verdict = state.withLock { state in
            state.running[start.key] = nil
            state.mayBeDueEarlier = true
            return state.delivery.failed(
                start.key, at: configuration.world.now, retryable: retryable,
                jitter: configuration.random())
        }
        let event = start.event
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
        // Under load it is set already, and looked at again when it rings or nothing runs any more.
        if state.timer != nil, !state.mayBeDueEarlier, state.delivery.inFlight > 0 { return }
        state.mayBeDueEarlier = false
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
