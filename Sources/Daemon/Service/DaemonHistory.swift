import Journal
import Millrace
import Runtime
import Watching

/// What a daemon has to know from the journal before it starts: folded in one pass.
struct DaemonHistory {
    var deliveries: DeliveryHistory
    var files = KnownFiles()
    var settings = SettingsInForce()
    var registered: Set<String> = []
    var head: UInt64 = 0
    /// Whether the last daemon said that it ends.
    var endedInGoodOrder = true

    /// Folds the journal into the runtime and into this.
    init(_ reader: JournalReader, into runtime: Runtime, plugins: [RegisteredPlugin]) throws {
        deliveries = DeliveryHistory(plugins: plugins)
        var wanted = DeliveryHistory.types.union(Intake.types).union(runtime.foldedTypes)
        wanted.formUnion([
            SettingsAccepted.type, DaemonStarted.type, DaemonStopped.type, PluginRegistered.type,
        ])
        wanted.formUnion(plugins.flatMap(\.subscriptions))
        let cursor = try reader.cursor()
        while let record = try cursor.next() {
            head = record.sequence
            guard wanted.contains(record.type) else { continue }
            let event = try cursor.event(of: record)
            runtime.fold(event)
            deliveries.apply(event)
            Intake.fold(event, into: &files)
            switch event.type {
            case SettingsAccepted.type: settings.apply(event)
            case DaemonStarted.type: endedInGoodOrder = false
            case DaemonStopped.type: endedInGoodOrder = true
            case PluginRegistered.type: registered.insert(event.subject.name)
            default: break
            }
        }
        runtime.fold(upTo: head)
    }

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
