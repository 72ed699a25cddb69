import Journal
import Millrace
import Runtime

extension StatusAssembly {
    func states(
        of names: [String], _ view: WorkspaceView, _ reader: JournalReader,
        _ written: WrittenMetrics?, isRunning: Bool
    ) throws -> [StatusReport.PluginState] {
        let all = names + view.deliveries.positions.keys.filter { !names.contains($0) }.sorted()
        let retrying = view.state(FailureRecord.self).retrying.keys
        // What no daemon works on does not fall behind any further.
        let now = isRunning ? clock() : view.time
        return try all.map { name in
            let position = view.deliveries.positions[name]
            let activity = position?.activity ?? PluginActivity()
            let times = activity.times
            let oldest = try position?.pending.min().flatMap { try time(of: $0, reader) }
            func milliseconds(_ seconds: Double?) -> Double? { seconds.map { $0 * 1000 } }
            return StatusReport.PluginState(
                name: name, from: position?.from, lastHandled: activity.lastHandled,
                pending: position?.pending.count ?? 0, handled: activity.handled,
                failures: activity.failures,
                deadLetters: view.deliveries.deadLetters.count { $0.plugin == name },
                meanMilliseconds: times.count > 0 ? times.sum / Double(times.count) * 1000 : nil,
                slowestMilliseconds: times.count > 0 ? times.slowest * 1000 : nil,
                medianMilliseconds: milliseconds(times.quantile(0.5)),
                p99Milliseconds: milliseconds(times.quantile(0.99)),
                lagSeconds: oldest.flatMap { oldest in
                    now.map { max(0, $0.seconds(since: oldest)) }
                },
                inFlight: isRunning ? written?.inFlight(name) : nil,
                retrying: retrying.count { $0.plugin == name },
                interruptions: activity.interruptions,
                lastError: activity.lastFailure.map {
                    .init(sequence: $0.event, error: $0.error, time: $0.time, final: $0.isFinal)
                })
        }
    }

    private func time(of sequence: UInt64, _ reader: JournalReader) throws -> Timestamp? {
        try reader.cursor(from: sequence).next()?.time
    }
}
