import Learning
import Millrace

/// What the next run of a pipeline would be made from, and whether there is anything to do.
struct RunPlan {
    enum Decision: Equatable {
        case train(run: Int, RunInputs)
        case not(String)
    }

    let name: String
    /// Nil when the settings no longer have it.
    let pipeline: Pipeline?
    let dataset: DatasetVersionCreated?
    let nulls: [String]
    let code: [String: Digest]
    let environment: [String: String]
    let runs: RunRegistry.Activity

    init(pipeline name: String, _ context: Context) throws {
        self.name = name
        pipeline = context.settings.pipelines[name]
        let datasetName = pipeline?.dataset ?? ""
        dataset = try context.state(DatasetRegistry.self).datasets[datasetName]?.current
        nulls = (context.settings.datasets[datasetName] ?? DatasetSettings()).nulls
        let registry = try context.state(CodeRegistry.self)
        code = registry.files(of: name)
        environment = registry.environment
        runs =
            try context.state(RunRegistry.self).pipelines[name]
            ?? RunRegistry.Activity(pipeline: name)
    }

    /// Takes the newest dataset version, whichever was asked for: an older one is superseded.
    func decide() -> Decision {
        guard let pipeline else { return .not("the settings have no pipeline \(name)") }
        guard let dataset else {
            return .not("the dataset \(pipeline.dataset) has no accepted data yet")
        }
        guard dataset.rows > 0, dataset.files.count > 0 else {
            return .not("version \(dataset.version) of \(dataset.dataset) has no rows")
        }
        let trainer = pipeline.trainer
        let parameters: JSONValue
        do {
            parameters = try RunPlan.parameters(trainer, task: pipeline.target.task)
        } catch {
            return .not("the trainer's settings do not serve: \(error)")
        }
        let inputs = RunInputs(
            dataset: dataset.dataset, datasetVersion: dataset.version,
            datasetDigest: dataset.digest, files: dataset.files, target: pipeline.target,
            features: pipeline.features, nulls: nulls, algorithm: trainer.algorithm.rawValue,
            parameters: parameters, seed: trainer.seed, holdout: trainer.holdout,
            command: trainer.algorithm == .command ? trainer.command : [], code: code,
            environment: environment)
        if let newest = runs.runs[runs.latest], RunPlan.isSame(newest.started.inputs, inputs) {
            if newest.completed != nil {
                return .not("nothing changed since run \(newest.started.run)")
            }
            if newest.isRunning { return .not("run \(newest.started.run) does just this") }
        }
        return .train(run: runs.latest + 1, inputs)
    }

    /// Compared as the journal has them: 2 and 2.0 are the same number there.
    private static func isSame(_ a: RunInputs, _ b: RunInputs) -> Bool {
        guard let first = try? JSONValue(encoding: a), let second = try? JSONValue(encoding: b)
        else { return a == b }
        return first.bytes == second.bytes
    }

    /// All parameters of a built-in algorithm, defaults included; those of a program as they are.
    private static func parameters(
        _ trainer: TrainerSettings, task: LearningTask
    ) throws -> JSONValue {
        let given = JSONValue.object(
            trainer.parameters.keys.sorted().compactMap { key in
                trainer.parameters[key].map { JSONValue.Member(key, $0) }
            })
        guard trainer.algorithm != .command else { return given }
        let algorithm = try Algorithm(named: trainer.algorithm.rawValue)
        guard algorithm.serves(task) else {
            throw LearningError(
                .badParameter,
                task == .regression
                    ? "\(algorithm.rawValue) predicts yes or no: give the target 'above' or "
                        + "'equals', or take linear-regression or boosted-trees"
                    : "\(algorithm.rawValue) predicts a number: take logistic-regression or "
                        + "boosted-trees for a target with 'above' or 'equals'")
        }
        return try TrainingParameters(given, for: algorithm).json
    }

    /// Why a run came to nothing, when trying again cannot mend it or was tried often enough; nil
    /// when it should be tried again.
    static func finalWords(_ error: any Error, _ context: Context) -> String? {
        if let error = error as? ReactionError, !error.retryable { return error.description }
        let limit = context.settings.runtime.attempts
        return context.attempt >= limit ? "after \(context.attempt) attempts: \(error)" : nil
    }
}

extension Target {
    var task: LearningTask { isBinary ? .binaryClassification : .regression }
}
