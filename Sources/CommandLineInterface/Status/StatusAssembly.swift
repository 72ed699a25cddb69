import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// Folds a journal into what `millrace status` says.
struct StatusAssembly {
    let layout: WorkspaceLayout
    let registry: PluginRegistry
    let moment: Moment
    let clock: @Sendable () -> Timestamp

    static let projections: [any Projection.Type] = [
        DaemonRecord.self, DatasetRegistry.self, ModelRegistry.self, RunRegistry.self,
        DriftRecord.self, WatchRecord.self, FailureRecord.self, SettingsInForce.self,
        ScheduleRecord.self,
    ]

    func report() throws -> StatusReport {
        let reader = try Reading.journal(layout)
        let plugins = Reading.plugins(registry, in: layout)
        let view = try WorkspaceView(
            reader, projections: StatusAssembly.projections, plugins: plugins, at: moment)
        let isRunning = moment == .end ? try reader.hasWriter() : false
        let written = moment == .end ? WrittenMetrics(view, layout) : nil
        return StatusReport(
            workspace: layout.root.description, sequence: view.sequence, time: view.time,
            daemon: moment == .end
                ? daemon(view.state(DaemonRecord.self), isRunning: isRunning, written) : nil,
            datasets: datasets(view), pipelines: pipelines(view), schedule: schedule(view),
            failures: failures(
                view, hasStages: isRunning && !StageLinks.maySwitch(plugins, view.deliveries)),
            plugins: try states(
                of: plugins.map(\.name.rawValue), view, reader, written,
                isRunning: isRunning))
    }

    private func daemon(
        _ record: DaemonRecord, isRunning: Bool, _ written: WrittenMetrics?
    ) -> StatusReport.DaemonState {
        let hasEnded = record.stopped != nil || record.started == nil
        return StatusReport.DaemonState(
            running: isRunning, pid: isRunning ? record.started?.pid : nil,
            program: record.started?.program, host: record.started?.host,
            since: record.startedAt, diskFullSince: isRunning ? PauseFile.since(layout) : nil,
            stopReason: record.stopped?.reason,
            stoppedAt: record.stoppedAt, crashed: !isRunning && !hasEnded,
            metrics: written?.daemon)
    }

    /// What is due next; at a moment of the past, what was due next then.
    private func schedule(_ view: WorkspaceView) -> [StatusReport.ScheduleState] {
        let record = view.state(ScheduleRecord.self)
        return record.entries.sorted { $0.key < $1.key }.map { name, entry in
            let times = try? entry.settings.times { name throws(TimeZoneFiles.Problem) in
                try TimeZoneFiles.rules(name)
            }
            let settings = entry.settings
            return StatusReport.ScheduleState(
                name: name,
                rule: settings.cron.isEmpty
                    ? "every \(settings.every)" : "\(settings.cron) \(settings.zone)",
                retrain: settings.retrain.isEmpty ? nil : settings.retrain,
                lastDue: entry.lastDue, nextDue: times?.next(after: entry.settled))
        }
    }

    private func datasets(_ view: WorkspaceView) -> [StatusReport.DatasetState] {
        let known = view.state(DatasetRegistry.self).datasets
        let settings = view.state(SettingsInForce.self).settings
        let names = Set(known.keys).union(settings?.pipelines.values.map(\.dataset) ?? [])
        return names.sorted().map { name in
            let dataset = known[name]
            return StatusReport.DatasetState(
                name: name, version: dataset?.current?.version, digest: dataset?.current?.digest,
                rows: dataset?.current?.rows ?? 0, files: dataset?.current?.files.count ?? 0,
                accepted: dataset?.accepted ?? 0, rejected: dataset?.rejected ?? 0,
                contract: dataset?.contract.map {
                    .init(digest: $0.digest, proposed: $0.isProposed)
                },
                lastRejection: rejection(dataset))
        }
    }

    private func rejection(
        _ dataset: DatasetRegistry.Dataset?
    ) -> StatusReport.DatasetState.Rejection? {
        guard let rejected = dataset?.lastRejection, let time = dataset?.lastRejectionTime else {
            return nil
        }
        return .init(
            path: rejected.path, time: time, summary: rejected.summary,
            quarantine: rejected.quarantine)
    }

    private func wrongStages(_ view: WorkspaceView) -> [StatusReport.Failures.WrongStage] {
        guard let settings = view.state(SettingsInForce.self).settings else { return [] }
        return StageLinks(layout).flaws(view.state(ModelRegistry.self), settings).map {
            .init(
                model: $0.version.model, stage: $0.stage, version: $0.version.version,
                finding: $0.finding)
        }
    }

    private func failures(
        _ view: WorkspaceView, hasStages: Bool
    ) -> StatusReport.Failures {
        let failures = view.state(FailureRecord.self)
        let watch = view.state(WatchRecord.self)
        return StatusReport.Failures(
            deadLetters: view.deliveries.deadLetters.map {
                .init(
                    plugin: $0.plugin, sequence: $0.event, attempts: $0.attempts,
                    error: $0.error, time: $0.time)
            },
            retrying: failures.retrying.values.sorted {
                ($0.sequence, $0.plugin) < ($1.sequence, $1.plugin)
            }.map {
                .init(
                    plugin: $0.plugin, sequence: $0.sequence, attempt: $0.attempt,
                    error: $0.error, retryAt: $0.retryAt)
            },
            refusedFiles: watch.refused.values.sorted { $0.path < $1.path }.map {
                .init(path: $0.path, reason: $0.reason)
            },
            degradedWatches: watch.degraded.keys.sorted().compactMap { watch.degraded[$0] }.map {
                .init(part: $0.part, reason: $0.reason, intervalSeconds: $0.intervalSeconds)
            },
            wrongStages: hasStages ? wrongStages(view) : [],
            refusedInputs: failures.refusedInputs.keys.sorted().map {
                .init(path: $0, problems: failures.refusedInputs[$0] ?? [])
            },
            cutChains: failures.cuts)
    }
}
