import Millrace

/// What runs came to, by what they were made from.
struct TrainingMemory: Projection {
    static let types: [any EventPayload.Type] = [
        RunStarted.self, RunCompleted.self, RunFailed.self, ModelVersionCreated.self,
    ]

    private enum Outcome: Codable {
        case version(RunCompleted, ModelVersionCreated)
        case failure(String)
    }

    private struct RunKey: Hashable, Codable {
        let pipeline: String
        let run: Int
    }

    /// The inputs of a run that has not ended, and what is known of it.
    private struct Running: Codable {
        let inputs: [UInt8]
        var completed: RunCompleted?
    }

    private var outcomes: [[UInt8]: Outcome] = [:]
    private var running: [RunKey: Running] = [:]

    init() {}

    mutating func apply(_ event: Event) {
        if let started = event.payload(as: RunStarted.self) {
            guard let key = TrainingMemory.key(started.inputs) else { return }
            running[RunKey(pipeline: started.pipeline, run: started.run)] = Running(inputs: key)
        } else if let completed = event.payload(as: RunCompleted.self) {
            let key = RunKey(pipeline: completed.pipeline, run: completed.run)
            running[key]?.completed = completed
        } else if let version = event.payload(as: ModelVersionCreated.self) {
            let key = RunKey(pipeline: version.model, run: version.run)
            guard let run = running.removeValue(forKey: key), let completed = run.completed else {
                return
            }
            outcomes[run.inputs] = .version(completed, version)
        } else if let failed = event.payload(as: RunFailed.self) {
            let key = RunKey(pipeline: failed.pipeline, run: failed.run)
            guard let run = running.removeValue(forKey: key) else { return }
            // A run that came to something once would do so again.
            if outcomes[run.inputs] == nil { outcomes[run.inputs] = .failure(failed.error) }
        }
    }

    /// The digest of the dataset's version stands for its files, wherever their list lies.
    private static func key(_ inputs: RunInputs) -> [UInt8]? {
        var inputs = inputs
        inputs.files = DatasetFiles(listing: [])
        return try? JSONValue(encoding: inputs).bytes
    }

    /// - Throws: what the run failed with.
    func output(of input: TrainJob.Input) throws -> TrainJob.Output? {
        guard let key = TrainingMemory.key(input.inputs) else { return nil }
        switch outcomes[key] {
        case nil: return nil
        case .failure(let error): throw ReactionError(error, retryable: false)
        case .version(let run, let version):
            let all = input.inputs.files.rows
            return TrainJob.Output(
                artifact: version.artifact, file: version.file, examples: version.examples,
                rows: run.rows, heldOut: max(0, all - run.rows), metrics: run.metrics,
                seconds: run.seconds)
        }
    }
}

extension TrainJob {
    typealias Memory = TrainingMemory

    static func recall(_ input: Input, from memory: TrainingMemory) throws -> Output? {
        try memory.output(of: input)
    }
}
