package import Journal
package import Millrace

/// The state of a workspace, folded from its journal in one pass by somebody who is not the daemon.
///
///     let view = try WorkspaceView(reader, projections: [ModelRegistry.self])
///     let models = view.state(ModelRegistry.self).models
///
/// Only the types that somebody asked for are taken out of their records; the others are walked over.
package struct WorkspaceView: Sendable {
    private var projections: ProjectionSet
    /// What each plugin has yet to handle; only for the plugins that were given.
    package private(set) var deliveries: DeliveryHistory
    /// The last record that counted; 0 when there is none.
    package private(set) var sequence: UInt64 = 0
    /// The time of that record.
    package private(set) var time: Timestamp?

    /// - Parameters:
    ///   - plugins: whose pending events are wanted.
    ///   - moment: what comes later does not count.
    /// - Throws: `.damaged` where a record is not as it was written.
    package init(
        _ reader: JournalReader, projections types: [any Projection.Type],
        plugins: [RegisteredPlugin] = [], at moment: Moment = .end
    ) throws(JournalError) {
        projections = ProjectionSet(types)
        deliveries = DeliveryHistory(plugins: plugins)
        let wanted = projections.types.union(DeliveryHistory.types)
            .union(plugins.flatMap(\.subscriptions))
        let cursor = try reader.cursor()
        while let record = try cursor.next() {
            let time = record.time
            guard moment.includes(sequence: record.sequence, time: time) else { break }
            sequence = record.sequence
            self.time = time
            guard wanted.contains(record.type) else { continue }
            let event = try cursor.event(of: record)
            projections.apply(event)
            deliveries.apply(event)
        }
    }

    /// Takes the next event, for one who follows.
    package mutating func apply(_ event: Event) {
        sequence = event.sequence
        time = event.time
        projections.apply(event)
        deliveries.apply(event)
    }

    /// Whether any plugin has something to do, or to try again.
    package var hasPending: Bool {
        deliveries.positions.values.contains { !$0.pending.isEmpty }
    }

    /// The state of a projection that was asked for; of any other it is empty.
    package func state<P: Projection>(_ type: P.Type) -> P { projections.state(type) ?? P() }
}
