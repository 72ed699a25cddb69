/// The drift of one column between the reference window and the current window.
public struct ColumnDrift: Codable, Hashable, Sendable {
    public var column: String
    /// The test, for example `KS`.
    public var statistic: String
    public var value: Double
    /// Corrected for the number of columns.
    public var pValue: Double
    /// How large the change is, on the scale of `threshold`.
    public var effect: Double
    public var threshold: Double
    public var drifted: Bool
    /// What changed, in words.
    public var summary: String

    public init(
        column: String, statistic: String, value: Double, pValue: Double, effect: Double,
        threshold: Double, drifted: Bool, summary: String
    ) {
        self.column = column
        self.statistic = statistic
        self.value = value
        self.pValue = pValue
        self.effect = effect
        self.threshold = threshold
        self.drifted = drifted
        self.summary = summary
    }
}

/// A window of data was compared with what the model in production was trained on.
public struct DriftMeasured: EventPayload {
    public static let type = "drift.measured"

    public var model: String
    public var dataset: String
    /// The reference window: the dataset version behind the model in production.
    public var referenceVersion: Int
    public var referenceRows: Int
    /// The current window: the files that were compared, the first thousand of them.
    public var current: [WorkspacePath]
    public var currentRows: Int
    public var drifted: Bool
    public var columns: [ColumnDrift]
    /// Nil in events that are older than it.
    public var reference: Reference?

    /// The merged profile of the reference window, so that it is merged once for each model.
    public struct Reference: Codable, Hashable, Sendable {
        /// The digest of the dataset version.
        public var dataset: Digest
        /// In the vault.
        public var profile: Digest

        public init(dataset: Digest, profile: Digest) {
            self.dataset = dataset
            self.profile = profile
        }
    }

    public var subject: Subject { .model(model) }

    public var summary: String {
        let found = columns.filter(\.drifted).map { "\($0.column) (\($0.summary))" }
        return "\(grouped(currentRows)) rows against version \(referenceVersion): "
            + (found.isEmpty ? "no drift" : "drift in " + found.joined(separator: ", "))
    }

    public init(
        model: String, dataset: String, referenceVersion: Int, referenceRows: Int,
        current: [WorkspacePath], currentRows: Int, drifted: Bool, columns: [ColumnDrift],
        reference: Reference? = nil
    ) {
        self.model = model
        self.dataset = dataset
        self.referenceVersion = referenceVersion
        self.referenceRows = referenceRows
        self.current = current
        self.currentRows = currentRows
        self.drifted = drifted
        self.columns = columns
        self.reference = reference
    }
}
