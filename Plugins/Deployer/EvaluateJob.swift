import Learning
import Millrace
import Tabular

/// Measures a version and the champion on the same rows, which neither was trained on.
struct EvaluateJob: Job {
    struct Input: Codable, Sendable {
        var version: ModelVersionCreated
        /// Nil when there is none.
        var champion: ModelVersionCreated?
        /// What the two are compared by.
        var metric: String
    }

    typealias Output = ModelEvaluated

    static let name = "evaluate"

    /// - Throws: `ReactionError`; not to be tried again when the version itself cannot be measured.
    static func run(_ input: Input, _ context: JobContext) async throws -> ModelEvaluated {
        do {
            return try Evaluation(input: input, files: context.files).run()
        } catch let error as LearningError {
            throw ReactionError(error.description, retryable: false)
        } catch let error as TabularError where error.code != .read {
            throw ReactionError(error.description, retryable: false)
        }
    }
}

private struct Evaluation {
    let input: EvaluateJob.Input
    let files: any FileStore

    /// A model of one's own format is as large as its trainer could make it.
    private static let modelLimit = 64 << 20

    /// One model's answers to the rows, and what they were measured to be.
    private struct Measured {
        let answers: [Double]
        let outcomes: [Double]
        let metrics: [String: Double]
    }

    func run() throws -> ModelEvaluated {
        var evaluated = ModelEvaluated(
            model: input.version.model, version: input.version.version, rows: 0,
            metrics: input.version.metrics, champion: input.champion?.version,
            championMetrics: input.champion?.metrics ?? [:], comparison: nil)
        var version: Measured?
        if input.version.file != "model.json" {
            evaluated.notes.append(reported(input.version))
        } else {
            let measured = try measure(input.version)
            evaluated.rows = measured.outcomes.count
            evaluated.metrics = measured.metrics
            version = measured
        }
        guard let champion = input.champion else { return evaluated }
        guard champion.file == "model.json" else {
            evaluated.notes.append(reported(champion))
            return evaluated
        }
        guard input.version.inputs.target == champion.inputs.target else {
            evaluated.championMetrics = [:]
            evaluated.notes.append(
                "v\(champion.version) predicts something else: a new target needs a pipeline "
                    + "of its own")
            return evaluated
        }
        do {
            let measured = try measure(champion)
            evaluated.championMetrics = measured.metrics
            if let version { try compare(measured, version, into: &evaluated) }
        } catch let error as LearningError {
            evaluated.notes.append("v\(champion.version) could not be compared: \(error)")
        } catch let error as TabularError where error.code != .read {
            evaluated.championMetrics = [:]
            evaluated.notes.append("v\(champion.version) could not be measured: \(error)")
        }
        return evaluated
    }

    private func reported(_ version: ModelVersionCreated) -> String {
        "v\(version.version) can be run by its own program alone: its metrics are those that it "
            + "reported"
    }

    /// Rows that both were kept from: the smaller share is part of the larger.
    private var share: Double {
        min(input.version.inputs.holdout, input.champion?.inputs.holdout ?? 1)
    }

    private func measure(_ version: ModelVersionCreated) throws -> Measured {
        let model = try Model(
            bytes: try files.bytes(of: version.artifact, limit: Evaluation.modelLimit))
        let source = try SupervisedSource(input.version.inputs, from: files)
        let share = share
        let rows = try source.read(model.selections, from: files) {
            SupervisedSource.isHeldOut($0, share: share)
        }
        let answers = try model.predict(rows.table)
        return Measured(
            answers: answers, outcomes: rows.outcomes,
            // What the pipeline's own program measured beside that is kept.
            metrics: try rows.metrics(answers, task: source.task)
                .merging(version.metrics) { measured, _ in measured })
    }

    private func compare(
        _ champion: Measured, _ version: Measured, into evaluated: inout ModelEvaluated
    ) throws(LearningError) {
        // Two-sided 90 %: the lower bound holds with 95 %.
        let result = try Learning.compare(
            champion: champion.answers, challenger: version.answers,
            outcomes: version.outcomes, metric: try MetricName(named: input.metric),
            confidence: 0.9)
        guard result.improvement.isFinite, result.lower.isFinite else { return }
        evaluated.comparison = ModelEvaluated.Comparison(
            metric: input.metric, gain: result.improvement, lowerBound: result.lower)
    }
}
