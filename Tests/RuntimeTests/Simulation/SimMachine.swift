import Millrace
import Runtime
import Synchronization

/// A machine that is nothing but memory: a clock that moves when nothing else can, a log that becomes
/// durable when it likes, and timers. It can lose its power at any step, and keeps what was durable.
final class SimMachine: Sendable {
    struct Append: Sendable {
        let batch: [EventDraft]
        let life: Int
        let continuation: CheckedContinuation<[Event], any Error>
    }

    struct Sleeper: Sendable {
        let id: UInt64
        let due: Timestamp
        let life: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    struct State: Sendable {
        var random: SimRandom
        var now = Timestamp(microseconds: 1_772_539_200_000_000)
        var durable: [Event] = []
        var appends: [Append] = []
        var sleepers: [Sleeper] = []
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
        /// Counts the starts; what belongs to an earlier one is dead.
        var life = 0
        /// Files that survive.
        var files: [String: [UInt8]] = [:]
        /// No room on the disk until then.
        var fullUntil = Timestamp(microseconds: 0)
        var hasFaults = true
    }

    struct PowerCut: Error {}

    let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(random: SimRandom(seed: seed))) }

    var now: Timestamp { state.withLock { $0.now } }
    var life: Int { state.withLock { $0.life } }
    var events: [Event] { state.withLock { $0.durable } }

    func chance(_ probability: Double) -> Bool {
        state.withLock { $0.hasFaults && $0.random.chance(probability) }
    }

    // MARK: the log

    func append(_ batch: [EventDraft], life: Int) async throws -> [Event] {
        try await withCheckedThrowingContinuation { continuation in
            let isDead = state.withLock { state in
                if state.life != life { return true }
                state.appends.append(
                    Append(batch: batch, life: life, continuation: continuation))
                return false
            }
            if isDead { continuation.resume(throwing: PowerCut()) }
        }
    }

    /// Makes the oldest append durable. - Returns: its events, and who waits for it.
    func makeDurable() -> ([Event], Append)? {
        state.withLock { state in
            guard !state.appends.isEmpty else { return nil }
            let append = state.appends.removeFirst()
            return (SimMachine.write(append.batch, &state), append)
        }
    }

    private static func write(_ batch: [EventDraft], _ state: inout State) -> [Event] {
        let first = UInt64(state.durable.count) + 1
        let events = batch.enumerated().map { offset, draft in
            Event(
                sequence: first + UInt64(offset), id: draft.id, type: draft.type,
                version: draft.version, subject: draft.subject, time: state.now,
                actor: draft.actor, causation: draft.causation, correlation: draft.correlation,
                payload: draft.payload)
        }
        state.durable += events
        return events
    }

    /// Appends at once, as the world outside does.
    func appendNow(_ batch: [EventDraft]) -> [Event] {
        state.withLock { SimMachine.write(batch, &$0) }
    }

    // MARK: time

    func pause(_ seconds: Double, life: Int) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.cancelled.remove(id) != nil || state.life != life { return true }
                    state.sleepers.append(
                        Sleeper(
                            id: id, due: state.now.advanced(bySeconds: seconds), life: life,
                            continuation: continuation))
                    return false
                }
                if isOver { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let place = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: place)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// The moment of the next timer; nil when none is set.
    var nextDue: Timestamp? { state.withLock { $0.sleepers.map(\.due).min() } }

    /// Lets the time come, and wakes who waited for it.
    func advance(to moment: Timestamp) {
        let due = state.withLock { state -> [Sleeper] in
            state.now = max(state.now, moment)
            let now = state.now
            let due = state.sleepers.filter { $0.due <= now }
            state.sleepers.removeAll { $0.due <= now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    // MARK: power

    /// Some of what was on its way becomes durable, in order; the rest is lost, and so is all that ran.
    func cutPower() {
        let (appends, sleepers) = state.withLock { state in
            let kept = state.random.below(state.appends.count + 1)
            for append in state.appends.prefix(kept) { _ = SimMachine.write(append.batch, &state) }
            state.life += 1
            defer { (state.appends, state.sleepers, state.cancelled) = ([], [], []) }
            return (state.appends, state.sleepers)
        }
        for append in appends { append.continuation.resume(throwing: PowerCut()) }
        for sleeper in sleepers { sleeper.continuation.resume(throwing: PowerCut()) }
    }
}
