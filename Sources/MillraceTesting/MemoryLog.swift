import Checksums
package import Millrace
import Runtime
import Synchronization

/// A journal in memory: the same order and atomicity as the real one, gone with the test.
package final class MemoryLog: EventLog {
    private struct State {
        var events: [Event] = []
        var committed: (@Sendable ([Event]) -> Void)?
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> Timestamp
    /// Keeps announcements in the order of the log.
    private let announcing = Mutex(())

    package init(clock: @escaping @Sendable () -> Timestamp) { self.clock = clock }

    package func onCommit(_ body: @escaping @Sendable ([Event]) -> Void) {
        state.withLock { $0.committed = body }
    }

    package var events: [Event] { state.withLock { $0.events } }

    @discardableResult
    package func append(_ batch: [EventDraft]) async throws -> [Event] { commit(batch) }

    @discardableResult
    package func commit(_ batch: [EventDraft]) -> [Event] {
        announcing.withLock { _ in
            let (events, committed) = state.withLock { state in
                let time = max(clock(), state.events.last?.time ?? clock())
                let first = UInt64(state.events.count) + 1
                let events = batch.enumerated().map { offset, draft in
                    Event(
                        sequence: first + UInt64(offset), id: draft.id, type: draft.type,
                        version: draft.version, subject: draft.subject, time: time,
                        actor: draft.actor, causation: draft.causation,
                        correlation: draft.correlation, payload: draft.payload)
                }
                state.events += events
                return (events, state.committed)
            }
            committed?(events)
            return events
        }
    }

    package func read(from sequence: UInt64, _ body: (Event) -> Bool) {
        let events = state.withLock { $0.events }
        guard sequence >= 1, sequence <= UInt64(events.count) else { return }
        for event in events[Int(sequence - 1)...] where !body(event) { return }
    }
}
