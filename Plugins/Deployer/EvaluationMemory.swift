import Millrace

/// What versions were measured to be, by the bytes of the models and of the data.
struct EvaluationMemory: Projection {
    static let types: [any EventPayload.Type] = [ModelVersionCreated.self, ModelEvaluated.self]

    private struct Key: Hashable, Codable {
        let artifact: Digest
        let dataset: Digest
        let champion: Digest?
    }

    /// What a version is, as far as its measurements depend on it.
    private struct Version: Codable {
        let artifact: Digest
        let dataset: Digest
    }

    private struct VersionKey: Hashable, Codable {
        let model: String
        let version: Int
    }

    private var versions: [VersionKey: Version] = [:]
    private var evaluations: [Key: [ModelEvaluated]] = [:]

    init() {}

    mutating func apply(_ event: Event) {
        if let created = event.payload(as: ModelVersionCreated.self) {
            versions[VersionKey(model: created.model, version: created.version)] = Version(
                artifact: created.artifact, dataset: created.inputs.datasetDigest)
        } else if let evaluated = event.payload(as: ModelEvaluated.self) {
            func version(_ number: Int) -> Version? {
                versions[VersionKey(model: evaluated.model, version: number)]
            }
            guard let created = version(evaluated.version) else { return }
            let champion = evaluated.champion.flatMap { version($0) }
            guard (champion == nil) == (evaluated.champion == nil) else { return }
            let key = Key(
                artifact: created.artifact, dataset: created.dataset,
                champion: champion?.artifact)
            evaluations[key, default: []].append(evaluated)
        }
    }

    func output(of input: EvaluateJob.Input) -> ModelEvaluated? {
        let key = Key(
            artifact: input.version.artifact, dataset: input.version.inputs.datasetDigest,
            champion: input.champion?.artifact)
        let known = evaluations[key] ?? []
        guard
            var found = known.last(where: {
                $0.comparison.map { $0.metric == input.metric } ?? (input.champion == nil)
            })
        else { return nil }
        // The same bytes may go under another number.
        found.model = input.version.model
        found.version = input.version.version
        found.champion = input.champion?.version
        return found
    }
}

extension EvaluateJob {
    typealias Memory = EvaluationMemory

    static var isRepeatable: Bool { true }

    static func recall(_ input: Input, from memory: EvaluationMemory) -> ModelEvaluated? {
        memory.output(of: input)
    }
}
