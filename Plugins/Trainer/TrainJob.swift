import Learning
import Millrace
import Tabular

/// One run: from the files of a dataset version to a model and its measurements.
///
/// The same inputs give the same bytes of model, whatever the number of threads.
struct TrainJob: Job {
    struct Input: Codable, Sendable {
        var pipeline: String
        var inputs: RunInputs
        /// Seconds.
        var timeLimit: Double
        /// How many rows go into the release with the model's answers.
        var examples: Int
    }

    struct Output: Codable, Sendable {
        var artifact: Digest
        /// The model's name in its release.
        var file: String
        var examples: Digest?
        /// How many rows it learned from.
        var rows: Int
        var heldOut: Int
        var metrics: [String: Double]
        var seconds: Double
    }

    static let name = "train"

    /// - Throws: `ReactionError`; not to be tried again when the data or the settings are at fault.
    static func run(_ input: Input, _ context: JobContext) async throws -> Output {
        do {
            return input.inputs.algorithm == TrainerSettings.Algorithm.command.rawValue
                ? try await CommandTraining(input: input, context: context).run()
                : try BuiltInTraining(input: input, context: context).run()
        } catch let error as LearningError {
            throw ReactionError(error.description, retryable: false)
        } catch let error as TabularError where error.code != .read {
            throw ReactionError(error.description, retryable: false)
        }
    }
}

/// Training with a built-in algorithm.
struct BuiltInTraining {
    let input: TrainJob.Input
    let context: JobContext

    func run() throws -> TrainJob.Output {
        let start = ContinuousClock.now
        let inputs = input.inputs
        let algorithm = try Algorithm(named: inputs.algorithm)
        let parameters = try TrainingParameters(inputs.parameters, for: algorithm)
        context.progress(0, "reading \(inputs.files.count) files")
        let source = try SupervisedSource(inputs, from: context.files)
        let features = try source.features(inputs.features, from: context.files)
        let (training, heldOut) = try source.read(
            features, from: context.files, holdout: inputs.holdout)
        let words = "training on \(training.table.rowCount) rows"
        let deadline = start + .seconds(input.timeLimit)
        let model: Model
        do {
            model = try train(
                algorithm, table: training.table, target: training.outcomes, task: source.task,
                description: source.description, parameters: parameters, seed: inputs.seed,
                threads: context.threads,
                progress: { progress in
                    let share = Double(progress.done) / Double(max(progress.total, 1))
                    context.progress(0.1 + 0.8 * share, words)
                    return ContinuousClock.now < deadline
                })
        } catch {
            guard error.code == .cancelled else { throw error }
            throw ReactionError(
                "training took longer than its limit of \(input.timeLimit) seconds: raise "
                    + "'timeLimit', or ask for less", retryable: false)
        }
        context.progress(0.9, "measuring on \(heldOut.table.rowCount) held-out rows")
        let examples = try SupervisedExamples(
            of: model, on: heldOut.table, count: input.examples)
        return TrainJob.Output(
            artifact: try context.files.store(model.bytes), file: "model.json",
            examples: examples.rows.isEmpty ? nil : try context.files.store(examples.bytes),
            rows: training.table.rowCount, heldOut: heldOut.table.rowCount,
            metrics: try heldOut.metrics(of: model),
            seconds: (ContinuousClock.now - start) / .seconds(1))
    }
}
