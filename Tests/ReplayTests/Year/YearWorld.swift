import Millrace
import MillraceTesting
import Runtime
import Synchronization

/// The world of the simulated year: a test's memory, and jobs that take a fixed time.
struct YearWorld: World {
    let base: MemoryWorld

    var now: Timestamp { base.now }
    var files: any FileStore { base.files }
    var outputs: any OutputFolders { base.outputs }

    func log(_ level: LogLevel, _ message: String) { base.log(level, message) }
    func timeZone(named name: String) throws -> [UInt8] { try base.timeZone(named: name) }

    func run(_ command: ProcessRequest) async throws -> CommandResult {
        try await base.run(command)
    }

    func perform(_ request: JobRequest) async throws -> JSONValue {
        let output = try await base.perform(request)
        guard case .object(var members) = output else { return output }
        // What the clock on the wall says would make every year another one.
        for index in members.indices where members[index].key == "seconds" {
            members[index].value = .number(1.5)
        }
        return .object(members)
    }
}

/// The journal of the simulated year, in memory, with its batches: a second passes with each.
final class YearLog: EventLog {
    private struct State {
        var batches: [[Event]] = []
        var count: UInt64 = 0
        var committed: (@Sendable ([Event]) -> Void)?
    }

    private let state = Mutex(State())
    private let world: YearWorld
    private let announcing = Mutex(())

    init(_ world: YearWorld) { self.world = world }

    func onCommit(_ body: @escaping @Sendable ([Event]) -> Void) {
        state.withLock { $0.committed = body }
    }

    var batches: [[Event]] { state.withLock { $0.batches } }

    @discardableResult
    func append(_ batch: [EventDraft]) async throws -> [Event] { commit(batch) }

    @discardableResult
    func commit(_ batch: [EventDraft]) -> [Event] {
        announcing.withLock { _ in
            world.base.advance(seconds: 1)
            let time = world.now
            let (events, committed) = state.withLock { state in
                let events = batch.map { draft in
                    state.count += 1
                    return Event(
                        sequence: state.count, id: draft.id, type: draft.type,
                        version: draft.version, subject: draft.subject, time: time,
                        actor: draft.actor, causation: draft.causation,
                        correlation: draft.correlation, payload: YearLog.timeless(draft))
                }
                state.batches.append(events)
                return (events, state.committed)
            }
            committed?(events)
            return events
        }
    }

    func read(from sequence: UInt64, _ body: (Event) -> Bool) {
        for event in batches.joined() where event.sequence >= sequence {
            if !body(event) { return }
        }
    }

    /// A mark without the time that the reaction took on this machine.
    private static func timeless(_ draft: EventDraft) -> [UInt8] {
        guard draft.type == ReactionHandled.type,
            case .object(var members)? = try? JSONValue(parsing: draft.payload)
        else { return draft.payload }
        for index in members.indices where members[index].key == "milliseconds" {
            members[index].value = .number(5)
        }
        return JSONValue.object(members).bytes
    }
}
