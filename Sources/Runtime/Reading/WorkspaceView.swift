package import Journal
package import Millrace

/// The state of a workspace, folded from its journal by somebody who is not the daemon.
///
///     let view = try WorkspaceView(reader, projections: [ModelRegistry.self])
///     let models = view.state(ModelRegistry.self).models
///
/// Only the types that somebody asked for are taken out of their records; the others are walked over.
/// Where there is a snapshot of these states before the moment, the fold begins there.
package struct WorkspaceView: Sendable {
    private var fold: StateFold

    /// What each plugin has yet to handle; only for the plugins that were given.
    package var deliveries: DeliveryHistory { fold.deliveries }
    /// The last record that counted; 0 when there is none.
    package var sequence: UInt64 { fold.sequence }
    /// The time of that record.
    package var time: Timestamp? { fold.time }

    /// - Parameters:
    ///   - plugins: whose pending events are wanted.
    ///   - moment: what comes later does not count.
    ///   - snapshots: false to fold everything from the first record on.
    /// - Throws: `.damaged` where a record is not as it was written.
    package init(
        _ reader: JournalReader, projections types: [any Projection.Type],
        plugins: [RegisteredPlugin] = [], at moment: Moment = .end, snapshots: Bool = true
    ) throws(JournalError) {
        fold = StateFold(projections: types, plugins: plugins)
        if snapshots {
            let store = SnapshotStore(beside: reader.directory)
            fold = try store.fold(reader, into: fold, at: moment)
        } else {
            try fold.fold(try reader.cursor(), of: reader, to: moment)
        }
    }

    /// What somebody folded.
    package init(_ fold: StateFold) { self.fold = fold }

    /// Takes the next event, for one who follows.
    package mutating func apply(_ event: Event) { fold.apply(event) }

    /// Whether any plugin has something to do, or to try again.
    package var hasPending: Bool {
        deliveries.positions.values.contains { !$0.pending.isEmpty }
    }

    /// All states that were asked for.
    var projections: ProjectionSet { fold.projections }

    /// The state of a projection that was asked for; of any other it is empty.
    package func state<P: Projection>(_ type: P.Type) -> P {
        fold.projections.state(type) ?? P()
    }
}
