/// Somebody wants a new model version.
public struct TrainingRequested: EventPayload {
    public static let type = "training.requested"

    public var pipeline: String
    public var dataset: String
    /// The dataset version to train on.
    public var version: Int
    /// Why, each in a few words: `first model`, `drift in origin, carrier`, `7,001 new rows`.
    public var reasons: [String]

    public var subject: Subject { .pipeline(pipeline) }

    public var summary: String {
        "on version \(version) of \(dataset): \(reasons.joined(separator: "; "))"
    }

    public init(pipeline: String, dataset: String, version: Int, reasons: [String]) {
        self.pipeline = pipeline
        self.dataset = dataset
        self.version = version
        self.reasons = reasons
    }
}

/// The retrain policy looked and decided against training.
public struct TrainingDeferred: EventPayload {
    public static let type = "training.deferred"

    public var pipeline: String
    public var reason: String
    /// When it is looked at again by itself; nil for not before something else happens.
    public var until: Timestamp?
    /// What speaks for training until then: the columns that drifted, and the code that changed.
    public var drift: [String]?
    public var code: [String]?

    public var subject: Subject { .pipeline(pipeline) }

    public var summary: String {
        reason
    }

    public init(
        pipeline: String, reason: String, until: Timestamp? = nil, drift: [String]? = nil,
        code: [String]? = nil
    ) {
        self.pipeline = pipeline
        self.reason = reason
        self.until = until
        self.drift = drift
        self.code = code
    }
}

/// Everything that decides what comes out of a run. The same inputs give the same model.
public struct RunInputs: Codable, Hashable, Sendable {
    public var dataset: String
    public var datasetVersion: Int
    public var datasetDigest: Digest
    /// The files of that version: how much they are, and where their list lies.
    public var files: DatasetFiles
    public var target: Target
    public var features: [String]
    /// Texts that stand for a missing value.
    public var nulls: [String]
    /// `logistic-regression`, `linear-regression`, `boosted-trees`, or `command`.
    public var algorithm: String
    public var parameters: JSONValue
    public var seed: UInt64
    /// The share of rows, chosen by a hash of their bytes, that training never sees.
    public var holdout: Double
    /// The program and its arguments, for `command`.
    public var command: [String]
    /// Digest of each file of the pipeline's code.
    public var code: [String: Digest]
    /// The program that trains: name, version and platform.
    public var environment: [String: String]

    public init(
        dataset: String, datasetVersion: Int, datasetDigest: Digest, files: DatasetFiles,
        target: Target, features: [String], nulls: [String] = ["", "NA"], algorithm: String,
        parameters: JSONValue, seed: UInt64, holdout: Double, command: [String],
        code: [String: Digest], environment: [String: String]
    ) {
        self.dataset = dataset
        self.datasetVersion = datasetVersion
        self.datasetDigest = datasetDigest
        self.files = files
        self.target = target
        self.features = features
        self.nulls = nulls
        self.algorithm = algorithm
        self.parameters = parameters
        self.seed = seed
        self.holdout = holdout
        self.command = command
        self.code = code
        self.environment = environment
    }

    /// Version 1 of the events that carry inputs had the whole list of files in them.
    static func upcast(in payload: JSONValue) -> JSONValue {
        guard case .object(let members) = payload else { return payload }
        return .object(
            members.map { member in
                guard member.key == "inputs", case .object(let inputs) = member.value else {
                    return member
                }
                let upcast = inputs.map { input in
                    input.key == "files"
                        ? JSONValue.Member("files", DatasetFiles.upcast(input.value)) : input
                }
                return JSONValue.Member("inputs", .object(upcast))
            })
    }
}

/// A run is about to train. Its record is complete before it begins.
public struct RunStarted: EventPayload {
    public static let type = "run.started"
    public static let version = 2

    public var pipeline: String
    /// Counts 1, 2, 3 … for the pipeline.
    public var run: Int
    public var inputs: RunInputs
    public var reasons: [String]

    public var subject: Subject { .pipeline(pipeline) }

    public var summary: String {
        "run \(run): \(inputs.algorithm) on version \(inputs.datasetVersion) of \(inputs.dataset)"
    }

    public init(pipeline: String, run: Int, inputs: RunInputs, reasons: [String]) {
        self.pipeline = pipeline
        self.run = run
        self.inputs = inputs
        self.reasons = reasons
    }

    public static func upcast(_ payload: JSONValue, from version: Int) -> JSONValue {
        version == 1 ? RunInputs.upcast(in: payload) : payload
    }
}

/// A run has trained a model.
public struct RunCompleted: EventPayload {
    public static let type = "run.completed"

    public var pipeline: String
    public var run: Int
    /// The model's bytes in the vault.
    public var artifact: Digest
    /// How many rows it learned from.
    public var rows: Int
    /// On the rows that it did not see.
    public var metrics: [String: Double]
    public var seconds: Double

    public var subject: Subject { .pipeline(pipeline) }

    public var summary: String {
        "run \(run): \(grouped(rows)) rows in \(rounded(seconds)) s, \(text(of: metrics))"
    }

    public init(
        pipeline: String, run: Int, artifact: Digest, rows: Int, metrics: [String: Double],
        seconds: Double
    ) {
        self.pipeline = pipeline
        self.run = run
        self.artifact = artifact
        self.rows = rows
        self.metrics = metrics
        self.seconds = seconds
    }
}

/// A run came to nothing.
public struct RunFailed: EventPayload {
    public static let type = "run.failed"

    public var pipeline: String
    public var run: Int
    public var error: String

    public var subject: Subject { .pipeline(pipeline) }

    public var summary: String {
        "run \(run): \(error)"
    }

    public init(pipeline: String, run: Int, error: String) {
        self.pipeline = pipeline
        self.run = run
        self.error = error
    }
}

/// A model has a new version, which never changes.
public struct ModelVersionCreated: EventPayload {
    public static let type = "model.versioned"
    public static let version = 2

    public var model: String
    /// Counts 1, 2, 3 …
    public var version: Int
    public var run: Int
    public var artifact: Digest
    /// The model's name in its release: `model.json` is the portable format; any other belongs to the
    /// user's program, and Millrace cannot run it.
    public var file: String
    /// Some rows that training did not see, with the model's answers: what a server must give too.
    /// Nil for a model that Millrace cannot run.
    public var examples: Digest?
    public var inputs: RunInputs
    /// On the rows that training did not see.
    public var metrics: [String: Double]

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) from run \(run), \(artifact.short), \(text(of: metrics))"
    }

    public init(
        model: String, version: Int, run: Int, artifact: Digest, file: String = "model.json",
        examples: Digest? = nil, inputs: RunInputs, metrics: [String: Double]
    ) {
        self.model = model
        self.version = version
        self.run = run
        self.artifact = artifact
        self.file = file
        self.examples = examples
        self.inputs = inputs
        self.metrics = metrics
    }

    public static func upcast(_ payload: JSONValue, from version: Int) -> JSONValue {
        version == 1 ? RunInputs.upcast(in: payload) : payload
    }
}
