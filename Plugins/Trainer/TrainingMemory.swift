import Millrace

/// What runs came to, by what they were made from.
struct TrainingMemory: Projection {
    static let types: [any EventPayload.Type] = [
        RunStarted.self, RunCompleted.self, RunFailed.self, ModelVersionCreated.self,
    ]

    // One for each run that there ever was: no more is kept than is asked for.

    private enum Outcome: Codable {
        case made(Made)
        case failure(String)
    }

    private struct Made: Codable {
        let artifact: Digest
        let file: String
        let examples: Digest?
        let rows: Int
        let metrics: [String: Double]
        let seconds: Double
    }

    private struct RunKey: Hashable, Codable {
        let pipeline: String
        let run: Int
    }

    /// The inputs of a run that has not ended, and what is known of it.
    private struct Running: Codable {
        let inputs: Digest
        var completed: RunCompleted?
    }

    /// By the digest of what they were made from.
    private var outcomes: [Digest: Outcome] = [:]
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
            outcomes[run.inputs] = .made(
                Made(
                    artifact: version.artifact, file: version.file, examples: version.examples,
                    rows: completed.rows, metrics: completed.metrics,
                    seconds: completed.seconds))
        } else if let failed = event.payload(as: RunFailed.self) {
            let key = RunKey(pipeline: failed.pipeline, run: failed.run)
            guard let run = running.removeValue(forKey: key) else { return }
            // A run that came to something once would do so again.
            if outcomes[run.inputs] == nil { outcomes[run.inputs] = .failure(failed.error) }
        }
    }

    /// The digest of the dataset's version stands for its files, wherever their list lies.
    private static func key(_ inputs: RunInputs) -> Digest? {
        var inputs = inputs
        inputs.files = DatasetFiles(listing: [])
        return (try? JSONValue(encoding: inputs).bytes).map { Digest(of: $0) }
    }

    /// - Throws: what the run failed with.
    func output(of input: TrainJob.Input) throws -> TrainJob.Output? {
        guard let key = TrainingMemory.key(input.inputs) else { return nil }
        switch outcomes[key] {
        case nil: return nil
        case .failure(let error): throw ReactionError(error, retryable: false)
        case .made(let made):
            let all = input.inputs.files.rows
            return TrainJob.Output(
                artifact: made.artifact, file: made.file, examples: made.examples,
                rows: made.rows, heldOut: max(0, all - made.rows), metrics: made.metrics,
                seconds: made.seconds)
        }
    }
}

extension TrainJob {
    typealias Memory = TrainingMemory

    static func recall(_ input: Input, from memory: TrainingMemory) throws -> Output? {
        try memory.output(of: input)
    }
}
