package import Millrace

/// Decides whether a version may enter a stage: a pure function of what was measured, what is live
/// and what the settings ask for.
package struct PromotionPolicy {
    package let pipeline: Pipeline

    package init(pipeline: Pipeline) { self.pipeline = pipeline }

    /// What a version goes through first; nil when the settings name no stage.
    package var firstStage: String? { pipeline.stages.first }

    /// The last stage, whose version is the champion.
    package var production: String? { pipeline.stages.last }

    /// The stage behind another; nil behind the last.
    package func stage(after stage: String) -> String? {
        guard let index = pipeline.stages.firstIndex(of: stage) else { return nil }
        return pipeline.stages.indices.contains(index + 1) ? pipeline.stages[index + 1] : nil
    }

    /// The metric by which a challenger is compared with the champion.
    package var mainMetric: String {
        if !pipeline.champion.metric.isEmpty { return pipeline.champion.metric }
        return pipeline.target.isBinary ? "auc" : "rmse"
    }

    /// Whether an evaluation answers what the gates of a stage ask now: against this champion, by
    /// this metric.
    package func isCurrent(_ evaluation: ModelEvaluated, for stage: String, live: Int?) -> Bool {
        guard stage == production, live != evaluation.version else { return true }
        guard evaluation.champion == live else { return false }
        return evaluation.comparison.map { $0.metric == mainMetric } ?? true
    }

    /// The gates of a stage: the bounds of the settings at every stage, and at the last one the
    /// champion too.
    package func gates(
        _ evaluation: ModelEvaluated, into stage: String, live: Int?
    ) -> GatesEvaluated {
        var results = pipeline.gates.map { GateBook.result(of: $0, on: evaluation) }
        if stage == production, let live, live != evaluation.version {
            results.append(
                GateBook.result(
                    against: live, metric: mainMetric, gain: pipeline.champion.gain,
                    on: evaluation))
        }
        return GatesEvaluated(
            model: evaluation.model, version: evaluation.version, stage: stage,
            passed: results.allSatisfy(\.passed), results: results)
    }

    /// What follows when a version stands before a stage: the verdict of its gates, and then the
    /// deployment, the wait for a person, or the refusal.
    package func entry(
        of version: ModelVersionCreated, _ evaluation: ModelEvaluated, into stage: String,
        live: Int?, approved: String? = nil
    ) -> [any EventPayload] {
        let gates = gates(evaluation, into: stage, live: live)
        let found = gates.results.map(\.found)
        guard gates.passed else {
            let reasons = gates.results.filter { !$0.passed }.map { "\($0.gate): \($0.found)" }
            return [
                gates,
                PromotionRefused(
                    model: version.model, version: version.version, stage: stage,
                    reasons: reasons),
            ]
        }
        if approved == nil, pipeline.approval.contains(stage) {
            return [
                gates,
                ApprovalRequested(model: version.model, version: version.version, stage: stage),
            ]
        }
        let measured =
            found.isEmpty ? "no gate guards \(stage)" : found.joined(separator: "; ")
        return [
            gates,
            DeploymentPlanned(
                model: version.model, version: version.version, artifact: version.artifact,
                stage: stage, reason: approved.map { "\($0); \(measured)" } ?? measured,
                isRollback: false),
        ]
    }
}
