import Learning
public import Millrace

/// Trains a model when training is asked for.
///
/// A run's record, with the exact bytes of data and code, all parameters and the seed, is journaled
/// before it begins. The work is a job in a process of its own. What comes out is a model version with
/// its release, `models/MODEL/VERSION/`: the model, rows with its answers, a manifest and a model card.
public struct TrainerPlugin: Plugin {
    public static let name: PluginName = "trainer"
    public static let summary = "Trains a model version when training is asked for."
    public static let emits: [any EventPayload.Type] = [
        RunStarted.self, TrainingDeferred.self, RunCompleted.self, RunFailed.self,
        ModelVersionCreated.self,
    ]
    public static let projections: [any Projection.Type] = [
        DatasetRegistry.self, RunRegistry.self, ModelRegistry.self, CodeRegistry.self,
    ]
    public static let jobs: [any Job.Type] = [TrainJob.self]

    public struct Settings: PluginSettings {
        /// Rows with the model's answers that go into each release.
        public var examples = 20

        public init() {}

        public static let help = [
            "examples":
                "how many held-out rows, with the model's answers, go into a release; a deployed "
                + "model must give the same answers"
        ]

        public func validate(into issues: inout SettingsIssues) {
            issues.require(
                (0...1000).contains(examples), "examples", "a whole number from 0 to 1000")
        }
    }

    let settings: Settings

    public init(settings: Settings) { self.settings = settings }

    public var reactions: some Reactions {
        On(TrainingRequested.self, coalescing: true) { request, context -> [any EventPayload] in
            let plan = try RunPlan(pipeline: request.pipeline, context)
            // Requests that waited together are one run, for all their reasons.
            var reasons: [String] = []
            for event in context.events {
                for reason in try event.decode(TrainingRequested.self).reasons
                where !reasons.contains(reason) {
                    reasons.append(reason)
                }
            }
            switch plan.decide() {
            case .train(let run, let inputs):
                return [
                    RunStarted(
                        pipeline: request.pipeline, run: run, inputs: inputs, reasons: reasons)
                ]
            case .not(let reason):
                return [TrainingDeferred(pipeline: request.pipeline, reason: reason)]
            }
        }
        // The job has a limit of its own.
        On(RunStarted.self, timeout: 366 * 24 * 3600) { started, context -> [any EventPayload] in
            let pipeline = context.settings.pipelines[started.pipeline]
            let input = TrainJob.Input(
                pipeline: started.pipeline, inputs: started.inputs,
                timeLimit: (pipeline?.trainer ?? TrainerSettings()).timeLimit.seconds,
                examples: settings.examples)
            let result: TrainJob.Output
            do {
                result = try await context.perform(TrainJob.self, input)
            } catch let error as CancellationError {
                throw error
            } catch {
                guard let words = RunPlan.finalWords(error, context) else { throw error }
                return [RunFailed(pipeline: started.pipeline, run: started.run, error: words)]
            }
            let latest = try context.state(ModelRegistry.self).models[started.pipeline]?.latest
            let version = ModelVersionCreated(
                model: started.pipeline, version: (latest ?? 0) + 1, run: started.run,
                artifact: result.artifact, file: result.file, examples: result.examples,
                inputs: started.inputs, metrics: result.metrics)
            // Written before the version is announced, so that a stage never leads to nothing.
            try Release(version, started, result, at: context.event.time).write(context)
            return [
                RunCompleted(
                    pipeline: started.pipeline, run: started.run, artifact: result.artifact,
                    rows: result.rows, metrics: result.metrics, seconds: result.seconds),
                version,
            ]
        }
    }
}
