/// A dataset, a target, a trainer, gates, deployment stages and monitoring, under one name, which is
/// also the model's.
public struct Pipeline: PluginSettings {
    public var dataset = ""
    public var target = Target()
    /// The columns that the model sees. Empty: all but the target's.
    public var features: [String] = []
    public var trainer = TrainerSettings()
    /// What a version must pass before the first stage.
    public var gates: [Gate] = []
    /// What a version must pass, beside the gates, to take the champion's place.
    public var champion = ChampionSettings()
    /// The stages that a version goes through; the last one is production.
    public var stages: [String] = ["staging", "production"]
    /// The stages that wait for a person's approval.
    public var approval: [String] = []
    public var drift = DriftSettings()
    public var retrain = RetrainPolicy()

    public init() {}

    /// What the built-in trainers' models are measured by.
    static let metrics = [
        "auc", "log_loss", "brier", "calibration_error", "accuracy", "precision", "recall", "f1",
        "rmse", "mae", "r2",
    ]

    public static let help = [
        "dataset": "the folder below data/ whose drops it learns from",
        "target": "what is predicted",
        "features": "the columns that the model sees; empty for all but the target's",
        "trainer": "how a model is made",
        "gates": "what a version must pass before the first stage",
        "champion": "what it must pass to take the champion's place",
        "stages": "where a version goes, in order; the last one is production",
        "approval": "the stages that wait for a person",
        "drift": "what counts as drift",
        "retrain": "when training is asked for",
    ]

    public func validate(into issues: inout SettingsIssues) {
        issues.require(isValidName(dataset), "dataset", "the name of a dataset")
        // A program of the user's may measure what it likes.
        if trainer.algorithm != .command {
            let names = "one of \(Pipeline.metrics.joined(separator: ", "))"
            for (index, gate) in gates.enumerated() where !gate.metric.isEmpty {
                issues.require(
                    Pipeline.metrics.contains(gate.metric), at: ["gates", "\(index)", "metric"],
                    names)
            }
            issues.require(
                champion.metric.isEmpty || Pipeline.metrics.contains(champion.metric),
                at: ["champion", "metric"], names)
        }
        issues.require(!target.column.isEmpty, at: ["target", "column"], "a column to predict")
        issues.require(
            !stages.isEmpty && Set(stages).count == stages.count && stages.allSatisfy(isValidName),
            "stages", "at least one name, each once")
        issues.require(
            approval.allSatisfy(stages.contains), "approval",
            "some of the stages \(stages.joined(separator: ", "))")
        issues.require(
            !features.contains(target.column), "features",
            "columns without the target '\(target.column)'")
    }
}

/// What is predicted: a number, or whether a column is above a bound or equal to a value.
public struct Target: PluginSettings, Hashable {
    public var column = ""
    /// Yes when the column's number is greater than this.
    public var above: Double?
    /// Yes when the column's text is this.
    public var equals: String?

    public init() {}

    public var isBinary: Bool { above != nil || equals != nil }

    public func validate(into issues: inout SettingsIssues) {
        if above != nil, equals != nil {
            issues.add(at: ["equals"], "either 'above' or 'equals', not both")
        }
    }
}

/// How a model is made.
public struct TrainerSettings: PluginSettings {
    public enum Algorithm: String, Codable, Sendable, CaseIterable {
        case logisticRegression = "logistic-regression"
        case linearRegression = "linear-regression"
        case boostedTrees = "boosted-trees"
        case command
    }

    public var algorithm = Algorithm.logisticRegression
    /// Of the algorithm; see `millrace plugin show trainer`.
    public var parameters: [String: JSONValue] = [:]
    public var seed: UInt64 = 1
    /// The share of rows that training never sees, for the gates.
    public var holdout = 0.2
    /// For `command`: a program below `code/PIPELINE/` or on the system, and its arguments.
    public var command: [String] = []
    /// How long a run may take.
    public var timeLimit = TimeSpan.seconds(24 * 3600)

    public init() {}

    public func validate(into issues: inout SettingsIssues) {
        // A run's record is JSON, whose whole numbers end here.
        issues.require(seed <= UInt64(Int64.max), "seed", "from 0 to \(Int64.max)")
        issues.require(holdout >= 0.01 && holdout <= 0.9, "holdout", "a share from 0.01 to 0.9")
        issues.require(
            algorithm != .command || !command.isEmpty, "command", "a program and its arguments")
    }
}

/// One bound on one metric, on rows that the version was not trained on.
public struct Gate: PluginSettings, Hashable {
    public var metric = ""
    public var atLeast: Double?
    public var atMost: Double?

    public init() {}

    public func validate(into issues: inout SettingsIssues) {
        issues.require(!metric.isEmpty, "metric", "the name of a metric")
        if atLeast == nil, atMost == nil {
            issues.add(at: [], "a gate needs 'atLeast' or 'atMost'")
        }
    }
}

/// What a challenger must show against the champion, on the same rows.
public struct ChampionSettings: PluginSettings {
    /// Empty: `auc` for yes or no, `rmse` for a number.
    public var metric = ""
    /// The measured gain must be at least this; below 0 tolerates a loss.
    public var gain = 0.0

    public init() {}
}

/// What counts as drift of a column. Both must hold.
public struct DriftSettings: PluginSettings {
    /// The columns that are watched. Empty: the features and the target's column.
    public var columns: [String] = []
    /// How often, with nothing changed, one measurement may alarm on any column at all.
    public var significance = 0.01
    /// How large a change must be to matter: the share of rows that would have to change, 0 to 1.
    public var effect = 0.1
    /// Fewer rows are not compared.
    public var minimumRows = 100

    public init() {}

    public func validate(into issues: inout SettingsIssues) {
        issues.require(significance > 0 && significance < 1, "significance", "between 0 and 1")
        issues.require(effect >= 0 && effect < 1, "effect", "a share from 0 to 1")
        issues.require(minimumRows >= 1, "minimumRows", "at least 1")
    }
}

/// When training is asked for.
public struct RetrainPolicy: PluginSettings {
    /// As soon as there is data and no model.
    public var first = true
    /// When this many rows have come since the last training; 0 for never.
    public var newRows = 1
    /// When drift is measured.
    public var onDrift = true
    /// When the pipeline's code changes.
    public var onCode = true
    /// Not again within this time.
    public var coolDown = TimeSpan.zero
    /// Not in these hours; what asks for it then is looked at again at their end.
    public var quiet = QuietHours()

    public init() {}

    public func validate(into issues: inout SettingsIssues) {
        issues.require(newRows >= 0, "newRows", "0 or more")
    }
}
