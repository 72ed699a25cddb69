import Daemon
import LinuxSystem
import Millrace
import Runtime

extension StatusAssembly {
    func pipelines(_ view: WorkspaceView) -> [StatusReport.PipelineState] {
        let settings = view.state(SettingsInForce.self).settings?.pipelines ?? [:]
        let models = view.state(ModelRegistry.self).models
        let runs = view.state(RunRegistry.self).pipelines
        let drifts = view.state(DriftRecord.self).models
        return Set(settings.keys).union(models.keys).sorted().map { name in
            let model = models[name] ?? ModelRegistry.Model(name: name)
            let activity = runs[name] ?? RunRegistry.Activity(pipeline: name)
            let stages = settings[name]?.stages ?? model.tenures.keys.sorted()
            return StatusReport.PipelineState(
                name: name, dataset: settings[name]?.dataset,
                stages: stages.map { stage($0, of: model) },
                challenger: challenger(of: model, production: stages.last, stages),
                running: activity.running.map { run($0) },
                waitingForApproval: model.waiting.keys.sorted().compactMap { stage in
                    model.waiting[stage].map { .init(stage: stage, version: $0) }
                },
                drift: drifts[name].map { drift($0) }, training: training(activity))
        }
    }

    private func stage(
        _ name: String, of model: ModelRegistry.Model
    ) -> StatusReport.PipelineState.Stage {
        let tenure = model.tenures[name]?.last
        let version = tenure.flatMap { model.versions[$0.version] }
        return .init(
            stage: name, version: tenure?.version, since: tenure?.since,
            rollback: tenure?.isRollback ?? false,
            metrics: version?.evaluation?.metrics ?? version?.created?.metrics ?? [:],
            checkPassed: version?.checks[name]?.passed)
    }

    private func challenger(
        of model: ModelRegistry.Model, production: String?, _ stages: [String]
    ) -> StatusReport.PipelineState.Challenger? {
        guard let latest = model.versions[model.latest], let production,
            model.live(in: production) != model.latest,
            // A version that was in production and was rolled back challenges nobody.
            !(model.tenures[production] ?? []).contains(where: { $0.version == model.latest })
        else { return nil }
        let evaluation = latest.evaluation
        var challenger = StatusReport.PipelineState.Challenger(
            version: model.latest, state: evaluation == nil ? .trained : .evaluated,
            stage: nil, reasons: [],
            metrics: evaluation?.metrics ?? latest.created?.metrics ?? [:],
            comparison: comparison(in: evaluation))
        if let stage = stages.last(where: { model.live(in: $0) == model.latest }) {
            challenger.state = .staged
            challenger.stage = stage
        }
        if let (stage, _) = model.waiting.first(where: { $0.value == model.latest }) {
            challenger.state = .waits
            challenger.stage = stage
        }
        let refusals = latest.refused
        for stage in stages {
            guard let refused = refusals[stage] else { continue }
            challenger.state = .refused
            challenger.stage = stage
            challenger.reasons = refused.reasons
        }
        return challenger
    }

    private func comparison(
        in evaluation: ModelEvaluated?
    ) -> StatusReport.PipelineState.Comparison? {
        guard let evaluation, let found = evaluation.comparison, let champion = evaluation.champion
        else { return nil }
        return .init(
            metric: found.metric, gain: found.gain, lowerBound: found.lowerBound,
            champion: champion, rows: evaluation.rows)
    }

    private func run(_ run: RunRegistry.Run) -> StatusReport.PipelineState.Run {
        let inputs = run.started.inputs
        var state = StatusReport.PipelineState.Run(
            run: run.started.run, since: run.time, algorithm: inputs.algorithm,
            dataset: inputs.dataset, datasetVersion: inputs.datasetVersion,
            rows: inputs.files.rows)
        guard moment == .end else { return state }
        // A job's folder begins with the id of the event that asked for it.
        let names = (try? Files.names(in: layout.jobs)) ?? []
        guard let name = names.first(where: { $0.string.hasPrefix("\(run.id)-") }) else {
            return state
        }
        let folder = JobFolder(layout.jobs.appending(name))
        let progress = folder.readProgress()
        state.fraction = progress?.fraction
        state.doing = progress?.doing
        state.pid = folder.worker
        return state
    }

    private func drift(_ last: DriftRecord.Measurement) -> StatusReport.PipelineState.Drift {
        .init(
            time: last.time, sequence: last.sequence, drifted: last.measured.drifted,
            columns: last.measured.columns.filter(\.drifted).map(\.column),
            measured: last.measured.columns.count, rows: last.measured.currentRows,
            referenceVersion: last.measured.referenceVersion)
    }

    private func training(
        _ activity: RunRegistry.Activity
    ) -> StatusReport.PipelineState.Training {
        let last = activity.runs[activity.latest]
        let outcome = last.map { run in
            run.isRunning ? "running" : run.failed == nil ? "completed" : "failed"
        }
        return .init(
            lastRequest: activity.lastRequest?.reasons ?? [],
            lastRequestTime: activity.lastRequestTime,
            lastDeferral: activity.lastDeferral?.reason, lastRun: last?.started.run,
            lastOutcome: outcome, lastError: last?.failed?.error)
    }
}
