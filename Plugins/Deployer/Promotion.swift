import Millrace

/// The way of one model's versions, with the state and the world of one reaction.
struct Promotion {
    let context: Context
    let name: String
    let model: ModelRegistry.Model
    /// Nil when the settings no longer have the pipeline.
    let policy: PromotionPolicy?

    init(of name: String, _ context: Context) throws {
        self.context = context
        self.name = name
        model =
            try context.state(ModelRegistry.self).models[name] ?? ModelRegistry.Model(name: name)
        policy = context.settings.pipelines[name].map { PromotionPolicy(pipeline: $0) }
    }

    /// The version in production.
    var champion: Int? { policy?.production.flatMap { model.live(in: $0) } }

    /// A version stands before a stage: it is measured, unless it was under the same conditions, and
    /// the gates decide.
    ///
    /// - Parameter approved: who let it in, in words; nil when nobody was asked yet.
    func enter(
        _ stage: String, _ version: ModelVersionCreated, approved: String? = nil
    ) async throws -> [any EventPayload] {
        guard let policy else { return [pipelineIsGone(version.version, before: stage)] }
        var events: [any EventPayload] = []
        var evaluation = model.versions[version.version]?.evaluation
        if let known = evaluation, !policy.isCurrent(known, for: stage, live: champion) {
            evaluation = nil
        }
        if evaluation == nil {
            do {
                let measured = try await measure(version, policy)
                events.append(measured)
                evaluation = measured
            } catch let error as ReactionError where !error.retryable {
                return [
                    refused(version.version, stage, "it could not be measured: \(error)")
                ]
            }
        }
        guard let evaluation else { return events }
        return events
            + policy.entry(
                of: version, evaluation, into: stage, live: champion, approved: approved)
    }

    private func measure(
        _ version: ModelVersionCreated, _ policy: PromotionPolicy
    ) async throws -> ModelEvaluated {
        let rival = champion.flatMap { $0 == version.version ? nil : model.versions[$0]?.created }
        return try await context.perform(
            EvaluateJob.self,
            EvaluateJob.Input(version: version, champion: rival, metric: policy.mainMetric))
    }

    /// Switches a stage to a version, unless what the plan was made from has changed.
    func carryOut(_ plan: DeploymentPlanned) async throws -> [any EventPayload] {
        guard let policy else { return [pipelineIsGone(plan.version, before: plan.stage)] }
        guard policy.pipeline.stages.contains(plan.stage) else {
            return [stageIsGone(plan.version, plan.stage)]
        }
        guard let version = model.versions[plan.version], let created = version.created,
            created.artifact == plan.artifact
        else {
            return [
                refused(plan.version, plan.stage, "there is no such version of \(name)")
            ]
        }
        if !plan.isRollback, let evaluation = version.evaluation,
            !policy.isCurrent(evaluation, for: plan.stage, live: champion)
        {
            context.log(
                .notice,
                "\(name) v\(plan.version): the champion changed since it was measured; "
                    + "it is measured again")
            return try await enter(plan.stage, created)
        }
        let release = try Release(name, plan.version)
        try context.outputs.link(try Release.link(name, in: plan.stage), to: release.folder)
        return [
            DeploymentCompleted(
                model: name, version: plan.version, artifact: plan.artifact, stage: plan.stage,
                previous: model.live(in: plan.stage), isRollback: plan.isRollback)
        ]
    }

    /// Loads what a stage points at as a server would. A version that does not stand up gives its
    /// place back to the one before; that one's own failure is only reported, so that two broken
    /// versions do not take turns.
    func verify(_ deployed: DeploymentCompleted, by check: StageCheck) throws -> [any EventPayload]
    {
        guard let tenure = model.tenures[deployed.stage]?.last,
            tenure.sequence == context.event.sequence
        else { return superseded(deployed.version, in: deployed.stage) }
        guard let version = model.versions[deployed.version]?.created else {
            return [
                refused(
                    deployed.version, deployed.stage, "there is no such version of \(name)")
            ]
        }
        let (passed, findings) = try check.run(version, in: deployed.stage)
        var events: [any EventPayload] = [
            StageChecked(
                model: name, version: deployed.version, stage: deployed.stage, passed: passed,
                checks: findings)
        ]
        guard !passed else { return events }
        context.log(
            .error,
            "\(name) v\(deployed.version) fails its check in \(deployed.stage): "
                + findings.joined(separator: "; "))
        if !deployed.isRollback, let previous = deployed.previous,
            previous != deployed.version, let back = model.versions[previous]?.created
        {
            events.append(
                DeploymentPlanned(
                    model: name, version: previous, artifact: back.artifact,
                    stage: deployed.stage,
                    reason: "v\(deployed.version) failed its check in \(deployed.stage)",
                    isRollback: true))
        }
        return events
    }

    /// A version that stands in a stage goes on to the next.
    func proceed(after checked: StageChecked) async throws -> [any EventPayload] {
        guard checked.passed, let tenure = model.tenures[checked.stage]?.last else { return [] }
        guard tenure.version == checked.version else {
            return superseded(checked.version, in: checked.stage)
        }
        guard !tenure.isRollback, let version = model.versions[checked.version]?.created else {
            return []
        }
        guard let policy else { return [pipelineIsGone(checked.version, before: "the next stage")] }
        guard policy.pipeline.stages.contains(checked.stage) else {
            return [stageIsGone(checked.version, checked.stage)]
        }
        guard let next = policy.stage(after: checked.stage) else {
            context.log(.notice, "\(name) v\(checked.version) is live in \(checked.stage)")
            return []
        }
        return try await enter(next, version)
    }

    /// Another version took the place before this one could go on from there.
    private func superseded(_ version: Int, in stage: String) -> [any EventPayload] {
        guard let live = model.live(in: stage), let next = policy?.stage(after: stage) else {
            return []
        }
        return [refused(version, next, "v\(live) took its place in \(stage)")]
    }

    func refused(_ version: Int, _ stage: String, _ reason: String) -> PromotionRefused {
        PromotionRefused(model: name, version: version, stage: stage, reasons: [reason])
    }

    func pipelineIsGone(_ version: Int, before stage: String) -> PromotionRefused {
        refused(version, stage, "the settings no longer have the pipeline \(name)")
    }

    private func stageIsGone(_ version: Int, _ stage: String) -> PromotionRefused {
        refused(version, stage, "the settings no longer have the stage \(stage)")
    }
}
