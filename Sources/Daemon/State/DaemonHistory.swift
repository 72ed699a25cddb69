import Journal
import Millrace
package import Runtime
import Watching

/// The states that are kept in snapshots: those of the plugins, of the daemon, and of the commands that
/// print state. What is not among them is folded from the first record on by whoever asks for it.
package enum KeptState {
    static func projections(_ plugins: [RegisteredPlugin]) -> [any Projection.Type] {
        plugins.flatMap(\.projections) + daemon + observed + [
            RunRegistry.self, DaemonRecord.self, FailureRecord.self,
        ]
    }

    /// What the metrics of a running daemon are made from.
    static let observed: [any Projection.Type] = [
        DatasetRegistry.self, ModelRegistry.self, DriftRecord.self, WatchRecord.self,
    ]

    /// What the daemon itself has to know when it starts.
    static let daemon: [any Projection.Type] = [
        SettingsInForce.self, JournaledFiles.self, DaemonPast.self, InboxLetters.self,
    ]

    /// An empty fold of all of them.
    package static func fold(_ plugins: [RegisteredPlugin]) -> StateFold {
        StateFold(projections: projections(plugins), plugins: plugins, countsDepths: true)
    }
}

/// What a daemon has to know from the journal before it starts: from the newest snapshot and the
/// records after it.
struct DaemonHistory {
    private(set) var fold: StateFold

    /// - Parameter early: what was read from the newest snapshot already.
    init(
        _ reader: JournalReader, _ store: SnapshotStore, plugins: [RegisteredPlugin],
        early: EarlySnapshot
    ) throws {
        if let taken = early.wait(), let cursor = try store.cursor(after: taken, reader) {
            fold = taken
            try fold.fold(cursor, of: reader, to: .end)
        } else {
            fold = try store.fold(reader, into: DaemonHistory.empty(plugins), at: .end)
        }
    }

    static func empty(_ plugins: [RegisteredPlugin]) -> StateFold {
        StateFold(
            projections: plugins.flatMap(\.projections) + KeptState.daemon + KeptState.observed,
            plugins: plugins, countsDepths: true)
    }

    mutating func apply(_ event: Event) { fold.apply(event) }

    var deliveries: DeliveryHistory { fold.deliveries }
    var head: UInt64 { fold.sequence }
    /// Hands the files over: they are the largest part, and nobody else wants them.
    mutating func takeFiles() -> KnownFiles {
        defer { fold.empty(JournaledFiles.self) }
        return state(JournaledFiles.self).known
    }

    var settings: SettingsInForce { state(SettingsInForce.self) }
    var letters: [InboxCleaner.Letter] { state(InboxLetters.self).letters }
    var past: DaemonPast { state(DaemonPast.self) }

    private func state<P: Projection>(_ type: P.Type) -> P { fold.projections.state(type) ?? P() }

    /// The ids of the events that some plugin has yet to handle.
    func pendingCauses(_ reader: JournalReader) throws -> Set<EventID> {
        let pending = deliveries.positions.values.reduce(into: Set<UInt64>()) {
            $0.formUnion($1.pending)
        }
        guard let first = pending.min(), let last = pending.max() else { return [] }
        var causes: Set<EventID> = []
        let cursor = try reader.cursor(from: first)
        while let record = try cursor.next(), record.sequence <= last {
            if pending.contains(record.sequence) {
                causes.insert(try cursor.event(of: record).id)
            }
        }
        return causes
    }
}
