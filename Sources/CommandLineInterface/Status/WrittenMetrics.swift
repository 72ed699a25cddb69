import Daemon
import LinuxSystem
import Millrace
import Runtime

/// What the daemon wrote last about itself: the numbers that no journal has.
struct WrittenMetrics {
    private let families: [String: MetricFamily]
    let time: Timestamp

    /// Nil when there are none, or they cannot be read: nothing depends on them.
    init?(_ view: WorkspaceView, _ layout: WorkspaceLayout) {
        let settings = view.state(SettingsInForce.self).settings ?? WorkspaceSettings()
        guard let file = layout.metrics(settings.metrics),
            let bytes = try? Files.read(file, limit: 16 << 20),
            let families = try? MetricsReader.families(in: String(decoding: bytes, as: UTF8.self))
        else { return nil }
        self.families = Dictionary(
            families.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard let seconds = self.families["millrace_metrics_time_seconds"]?.value(),
            let microseconds = Int64(exactly: (seconds * 1_000_000).rounded())
        else { return nil }
        time = Timestamp(microseconds: microseconds)
    }

    private func count(_ name: String, _ labels: MetricFamily.Label...) -> Int? {
        families["millrace_\(name)"]?.samples.first { Set($0.labels) == Set(labels) }.flatMap {
            Int(exactly: $0.value)
        }
    }

    func inFlight(_ plugin: String) -> Int? {
        count("plugin_in_flight", MetricFamily.Label("plugin", plugin))
    }

    var daemon: StatusReport.DaemonState.Metrics {
        let events = families["millrace_events_total"]?.samples ?? []
        return .init(
            time: time,
            events: Dictionary(
                events.compactMap { sample in
                    sample.labels.first.flatMap { label in
                        Int(exactly: sample.value).map { (label.value, $0) }
                    }
                }, uniquingKeysWith: { first, _ in first }),
            files: count("files_total") ?? 0, fileBytes: count("file_bytes_total") ?? 0,
            journalBytes: count("journal_bytes") ?? 0,
            journalWritable: count("journal_writable") != 0,
            watchedFolders: count("watched_folders") ?? 0,
            scannedFolders: count("scanned_folders") ?? 0, vaultObjects: count("vault_objects"),
            vaultBytes: count("vault_bytes"))
    }
}
