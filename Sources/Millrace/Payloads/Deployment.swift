/// A version was measured on rows that it has not seen, beside the champion on the same rows.
public struct ModelEvaluated: EventPayload {
    public static let type = "model.evaluated"

    public var model: String
    public var version: Int
    /// How many rows, none of which the version was trained on.
    public var rows: Int
    public var metrics: [String: Double]
    /// The version in production, when there is one.
    public var champion: Int?
    public var championMetrics: [String: Double]
    /// Of the difference of the gate's main metric, version minus champion, on the same rows.
    public var comparison: Comparison?
    /// What could not be measured, and why, in words.
    public var notes: [String]

    public var subject: Subject { .model(model) }

    public var summary: String {
        var line = "version \(version) on \(grouped(rows)) unseen rows: \(text(of: metrics))"
        if let champion, let comparison {
            line += "; \(comparison.metric) \(signed(comparison.gain)) against version \(champion)"
        }
        return line
    }

    public struct Comparison: Codable, Hashable, Sendable {
        public var metric: String
        /// Positive: the version is better.
        public var gain: Double
        /// The gain is above this with 95 % confidence.
        public var lowerBound: Double

        public init(metric: String, gain: Double, lowerBound: Double) {
            self.metric = metric
            self.gain = gain
            self.lowerBound = lowerBound
        }
    }

    public init(
        model: String, version: Int, rows: Int, metrics: [String: Double], champion: Int?,
        championMetrics: [String: Double], comparison: Comparison?, notes: [String] = []
    ) {
        self.model = model
        self.version = version
        self.rows = rows
        self.metrics = metrics
        self.champion = champion
        self.championMetrics = championMetrics
        self.comparison = comparison
        self.notes = notes
    }
}

/// One gate's verdict.
public struct GateResult: Codable, Hashable, Sendable {
    /// What was asked, for example `auc >= 0.6`.
    public var gate: String
    public var passed: Bool
    /// What was found, for example `auc is 0.671`.
    public var found: String

    public init(gate: String, passed: Bool, found: String) {
        self.gate = gate
        self.passed = passed
        self.found = found
    }
}

/// A version passed, or did not pass, the gates of a stage.
public struct GatesEvaluated: EventPayload {
    public static let type = "gates.evaluated"

    public var model: String
    public var version: Int
    public var stage: String
    public var passed: Bool
    public var results: [GateResult]

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) for \(stage): "
            + (passed ? "passed" : "not passed") + " ("
            + withoutRepeats(results.map(\.found)).joined(separator: "; ") + ")"
    }

    public init(model: String, version: Int, stage: String, passed: Bool, results: [GateResult]) {
        self.model = model
        self.version = version
        self.stage = stage
        self.passed = passed
        self.results = results
    }
}

/// A version stays where it is.
public struct PromotionRefused: EventPayload {
    public static let type = "promotion.refused"

    public var model: String
    public var version: Int
    public var stage: String
    public var reasons: [String]

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) not in \(stage): \(reasons.joined(separator: "; "))"
    }

    public init(model: String, version: Int, stage: String, reasons: [String]) {
        self.model = model
        self.version = version
        self.stage = stage
        self.reasons = reasons
    }
}

/// A version waits for a person.
public struct ApprovalRequested: EventPayload {
    public static let type = "approval.requested"

    public var model: String
    public var version: Int
    public var stage: String

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) waits for approval to enter \(stage)"
    }

    public init(model: String, version: Int, stage: String) {
        self.model = model
        self.version = version
        self.stage = stage
    }
}

/// A person decided about a version.
public struct ApprovalDecided: EventPayload {
    public static let type = "approval.decided"

    public var model: String
    public var version: Int
    public var stage: String
    public var approved: Bool
    /// The person: the owner of the command's file.
    public var uid: UInt32
    public var comment: String

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) \(approved ? "approved" : "rejected") for \(stage) by user \(uid)"
            + (comment.isEmpty ? "" : ": \(comment)")
    }

    public init(
        model: String, version: Int, stage: String, approved: Bool, uid: UInt32, comment: String
    ) {
        self.model = model
        self.version = version
        self.stage = stage
        self.approved = approved
        self.uid = uid
        self.comment = comment
    }
}

/// A stage is about to be switched: the intent, journaled before the world is touched.
public struct DeploymentPlanned: EventPayload {
    public static let type = "deployment.planned"

    public var model: String
    public var version: Int
    public var artifact: Digest
    public var stage: String
    public var reason: String
    public var isRollback: Bool

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) to \(stage)\(isRollback ? ", rolled back" : ""): \(reasonInBrief)"
    }

    /// The reason with each figure once.
    package var reasonInBrief: String {
        let findings = reason.split(separator: "; ", omittingEmptySubsequences: false)
        return withoutRepeats(findings.map { String($0) }).joined(separator: "; ")
    }

    public init(
        model: String, version: Int, artifact: Digest, stage: String, reason: String,
        isRollback: Bool
    ) {
        self.model = model
        self.version = version
        self.artifact = artifact
        self.stage = stage
        self.reason = reason
        self.isRollback = isRollback
    }
}

/// A stage now points at a version.
public struct DeploymentCompleted: EventPayload {
    public static let type = "deployment.completed"

    public var model: String
    public var version: Int
    public var artifact: Digest
    public var stage: String
    /// The version that was there before.
    public var previous: Int?
    public var isRollback: Bool

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) is live in \(stage)"
            + (previous.map { ", before it version \($0)" } ?? "")
            + (isRollback ? ", rolled back" : "")
    }

    public init(
        model: String, version: Int, artifact: Digest, stage: String, previous: Int?,
        isRollback: Bool
    ) {
        self.model = model
        self.version = version
        self.artifact = artifact
        self.stage = stage
        self.previous = previous
        self.isRollback = isRollback
    }
}

/// A stage did not lead to its live version when the daemon started, and was made to again.
public struct DeploymentRestored: EventPayload {
    public static let type = "deployment.restored"

    public var model: String
    public var version: Int
    public var artifact: Digest
    public var stage: String
    /// What was the matter, in words.
    public var finding: String

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) is put back in \(stage): \(finding)"
    }

    public init(model: String, version: Int, artifact: Digest, stage: String, finding: String) {
        self.model = model
        self.version = version
        self.artifact = artifact
        self.stage = stage
        self.finding = finding
    }
}

/// A deployed version was loaded from where a server finds it, and asked to predict.
public struct StageChecked: EventPayload {
    public static let type = "stage.checked"

    public var model: String
    public var version: Int
    public var stage: String
    public var passed: Bool
    /// What was checked, each in a few words.
    public var checks: [String]

    public var subject: Subject { .model(model) }

    public var summary: String {
        "version \(version) in \(stage): \(passed ? "passed" : "not passed"), "
            + checks.joined(separator: ", ")
    }

    public init(model: String, version: Int, stage: String, passed: Bool, checks: [String]) {
        self.model = model
        self.version = version
        self.stage = stage
        self.passed = passed
        self.checks = checks
    }
}
