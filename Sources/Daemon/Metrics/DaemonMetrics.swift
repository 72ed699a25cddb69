import Millrace
import Runtime

/// Everything that the metrics are made from, at one moment.
struct DaemonMetrics {
    /// What is counted from the start of the daemon on; a counter may begin anew.
    struct Tally {
        var events: [String: Int] = [:]
        var files = 0
        var bytes = 0
    }

    let version: String
    let started: Timestamp
    let now: Timestamp
    var isUp: Bool
    var isWritable: Bool
    var head: UInt64
    var journalBytes: Int
    var tally: Tally
    var plugins: [String: PluginReport]
    /// By plugin: what is set aside and not resolved.
    var deadLetters: [String: Int]
    var datasets: DatasetRegistry
    var models: ModelRegistry
    var drift: DriftRecord
    var refusedFiles: Int
    var watched: Int
    var scanned: Int
    /// Nil until it was measured.
    var vault: (objects: Int, bytes: Int)?

    typealias Label = MetricFamily.Label

    func families() -> [MetricFamily] {
        daemonFamilies() + pluginFamilies() + [reactionTimes()] + datasetFamilies()
            + modelFamilies() + driftFamilies()
    }

    // MARK: the daemon

    private func daemonFamilies() -> [MetricFamily] {
        var build = MetricFamily(
            "millrace_build_info", .gauge, "The program that runs, as a label.")
        build.add(1, Label("version", version))
        var events = MetricFamily(
            "millrace_events_total", .counter, "Events journaled since the daemon started, by type."
        )
        for (type, count) in tally.events.sorted(by: { $0.key < $1.key }) {
            events.add(Double(count), Label("type", type))
        }
        func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
            MetricFamily(name, .gauge, help, value)
        }
        var families = [
            build,
            gauge(
                "millrace_up", "Whether the daemon runs: 0 once it has ended in good order.",
                isUp ? 1 : 0),
            gauge(
                "millrace_start_time_seconds", "When the daemon started, in Unix time.",
                started.unixSeconds),
            gauge(
                "millrace_metrics_time_seconds", "When this file was written, in Unix time.",
                now.unixSeconds),
            gauge(
                "millrace_journal_head", "The number of the last event in the journal.",
                Double(head)),
            gauge(
                "millrace_journal_bytes", "What the journal takes on the disk, in bytes.",
                Double(journalBytes)),
            gauge(
                "millrace_journal_writable",
                "Whether events can be journaled: 0 while the disk is full.", isWritable ? 1 : 0),
            events,
            MetricFamily(
                "millrace_files_total", .counter,
                "Versions of files taken in since the daemon started.", Double(tally.files)),
            MetricFamily(
                "millrace_file_bytes_total", .counter,
                "Bytes of the files taken in since the daemon started.", Double(tally.bytes)),
            gauge(
                "millrace_files_refused", "Files that lie in the workspace and are not taken in.",
                Double(refusedFiles)),
            gauge(
                "millrace_watched_folders", "Folders that the kernel watches.", Double(watched)),
            gauge(
                "millrace_scanned_folders",
                "Folders that are scanned because the kernel cannot watch them.", Double(scanned)),
        ]
        if let vault {
            families += [
                gauge(
                    "millrace_vault_objects", "Objects in the vault, when last counted.",
                    Double(vault.objects)),
                gauge(
                    "millrace_vault_bytes", "Bytes in the vault, when last counted.",
                    Double(vault.bytes)),
            ]
        }
        return families
    }

    // MARK: plugins

    private func pluginFamilies() -> [MetricFamily] {
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String,
            _ value: (String, PluginReport) -> Double?
        ) -> MetricFamily {
            var family = MetricFamily("millrace_plugin_\(name)", kind, help)
            for (plugin, report) in plugins.sorted(by: { $0.key < $1.key }) {
                if let value = value(plugin, report) { family.add(value, Label("plugin", plugin)) }
            }
            return family
        }
        return [
            family("position", .gauge, "The number of the last event that was handled.") {
                Double($1.activity.lastHandled)
            },
            family("lag_events", .gauge, "Events that it has yet to handle.") {
                Double($1.pending)
            },
            family("lag_seconds", .gauge, "Age of the oldest event that it has yet to handle.") {
                $1.oldest.map { max(0, now.seconds(since: $0)) } ?? 0
            },
            family("in_flight", .gauge, "Reactions that run.") { Double($1.inFlight) },
            family("retrying", .gauge, "Events that failed and wait to be tried again.") {
                Double($1.retrying)
            },
            family("dead_letters", .gauge, "Events that are set aside until somebody looks.") {
                plugin, _ in Double(deadLetters[plugin] ?? 0)
            },
            family("handled_total", .counter, "Reactions that came to their end.") {
                Double($1.activity.handled)
            },
            family("failures_total", .counter, "Attempts that failed and were to be made again.") {
                Double($1.activity.failures)
            },
            family("dead_lettered_total", .counter, "Events that were set aside.") {
                Double($1.activity.deadLetters)
            },
            family(
                "interruptions_total", .counter, "Times that the daemon died while it reacted."
            ) { Double($1.activity.interruptions) },
            family("last_error_time_seconds", .gauge, "When it failed last, in Unix time.") {
                $1.activity.lastFailure?.time.unixSeconds
            },
        ]
    }

    private func reactionTimes() -> MetricFamily {
        var family = MetricFamily(
            "millrace_plugin_reaction_seconds", .histogram, "How long reactions took.")
        for (plugin, report) in plugins.sorted(by: { $0.key < $1.key }) {
            let times = report.activity.times
            var count: UInt64 = 0
            for (index, inBucket) in times.counts.enumerated() {
                count += inBucket
                let bounds = ReactionTimes.bounds
                let bound = index < bounds.count ? bounds[index] : .infinity
                family.add(
                    Double(count), Label("plugin", plugin),
                    Label("le", MetricFamily.number(bound)), suffix: "_bucket")
            }
            family.add(times.sum, Label("plugin", plugin), suffix: "_sum")
            family.add(Double(count), Label("plugin", plugin), suffix: "_count")
        }
        return family
    }

    // MARK: data and models

    private func datasetFamilies() -> [MetricFamily] {
        var drops = MetricFamily(
            "millrace_drops_total", .counter, "Drops that were decided upon, by outcome.")
        var version = MetricFamily(
            "millrace_dataset_version", .gauge, "The last version of a dataset.")
        var rows = MetricFamily(
            "millrace_dataset_rows", .gauge, "Rows of the last version of a dataset.")
        var last = MetricFamily(
            "millrace_last_drop_time_seconds", .gauge,
            "When a drop was decided upon last, in Unix time.")
        for (name, dataset) in datasets.datasets.sorted(by: { $0.key < $1.key }) {
            let label = Label("dataset", name)
            drops.add(Double(dataset.accepted), label, Label("outcome", "accepted"))
            drops.add(Double(dataset.rejected), label, Label("outcome", "rejected"))
            if let current = dataset.current {
                version.add(Double(current.version), label)
                rows.add(Double(current.rows), label)
            }
            if let time = [dataset.currentTime, dataset.lastRejectionTime].compactMap({ $0 }).max()
            {
                last.add(time.unixSeconds, label)
            }
        }
        return [drops, version, rows, last]
    }

    private func modelFamilies() -> [MetricFamily] {
        var version = MetricFamily(
            "millrace_model_version", .gauge, "The version of a model that is live in a stage.")
        var since = MetricFamily(
            "millrace_model_live_since_seconds", .gauge,
            "Since when that version is live, in Unix time.")
        var metrics = MetricFamily(
            "millrace_model_metric", .gauge, "What that version measured when it was evaluated.")
        for (name, model) in models.models.sorted(by: { $0.key < $1.key }) {
            for (stage, tenures) in model.tenures.sorted(by: { $0.key < $1.key }) {
                guard let tenure = tenures.last else { continue }
                let labels = (Label("model", name), Label("stage", stage))
                version.add(Double(tenure.version), labels.0, labels.1)
                since.add(tenure.since.unixSeconds, labels.0, labels.1)
                let live = model.versions[tenure.version]
                let measured = live?.evaluation?.metrics ?? live?.created?.metrics ?? [:]
                for (metric, value) in measured.sorted(by: { $0.key < $1.key }) {
                    metrics.add(value, labels.0, labels.1, Label("metric", metric))
                }
            }
        }
        return [version, since, metrics]
    }

    private func driftFamilies() -> [MetricFamily] {
        var score = MetricFamily(
            "millrace_drift_score", .gauge,
            "The largest change of a column as a share of its threshold: from 1 on it drifted.")
        var columns = MetricFamily(
            "millrace_drift_columns", .gauge, "Columns that drifted in the last window of data.")
        var time = MetricFamily(
            "millrace_drift_measured_time_seconds", .gauge,
            "When drift was measured last, in Unix time.")
        for (name, last) in drift.models.sorted(by: { $0.key < $1.key }) {
            let found = last.measured.columns
            let shares = found.filter { $0.threshold > 0 }.map { $0.effect / $0.threshold }
            score.add(shares.max() ?? 0, Label("model", name))
            columns.add(Double(found.count(where: \.drifted)), Label("model", name))
            time.add(last.time.unixSeconds, Label("model", name))
        }
        return [score, columns, time]
    }
}

extension Timestamp {
    fileprivate var unixSeconds: Double { Double(microseconds) / 1_000_000 }
}
