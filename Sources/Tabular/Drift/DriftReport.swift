/// When a column counts as drifted: both gates must be passed.
package struct DriftOptions: Equatable, Sendable {
    /// The chance of a false alarm anywhere in the report when nothing has changed.
    package var significance: Double
    /// The share of values, 0 to 1, that must have moved.
    package var effectMin: Double
    /// The change in the share of missing values, 0 to 1, that matters.
    package var nullEffectMin: Double

    package init(
        significance: Double = 0.01, effectMin: Double = 0.03, nullEffectMin: Double = 0.02
    ) {
        self.significance = significance
        self.effectMin = effectMin
        self.nullEffectMin = nullEffectMin
    }
}

/// What was measured.
package enum DriftStatistic: String, CaseIterable, Sendable {
    /// Kolmogorov and Smirnov: the greatest difference of the shares below any value.
    case kolmogorovSmirnov
    /// Shares of tenths (numbers) or of the categories, by a chi-square test of homogeneity. The
    /// effect is the total variation distance: the share of values that changed place.
    case chiSquare
    /// The share of missing values, by a test of two proportions.
    case nullFraction
    /// The column is new or gone, or no longer of the same type.
    case structure
}

/// One measurement of one column.
package struct DriftMeasurement: Equatable, Sendable {
    package var statistic: DriftStatistic
    package var value: Double
    /// The chance of such a value when nothing has changed.
    package var p: Double
    /// `p` corrected for the number of measurements in the report (Holm).
    package var correctedP: Double
    /// In shares of the values, 0 to 1, the same for all statistics.
    package var effect: Double
    /// What the effect must exceed.
    package var threshold: Double
    package var isDrifted: Bool
}

/// One column compared.
package struct ColumnDrift: Equatable, Sendable {
    package var name: String
    package var measurements: [DriftMeasurement]
    /// The population stability index over the reference's tenths or the categories: a customary
    /// figure, given for comparison. It takes no part in the verdict.
    package var populationStabilityIndex: Double?
    package var reference: ColumnSummary?
    package var current: ColumnSummary?
    /// Categories that the reference does not have, at most ten, and the share of values in all such.
    package var unseenCategories: [String]
    package var unseenShare: Double
    /// What happened, in words; empty when nothing did.
    package var message: String

    package var isDrifted: Bool { measurements.contains { $0.isDrifted } }

    /// The measurement to show: what drifted most, or else the most conspicuous one.
    package var leading: DriftMeasurement? {
        let drifted = measurements.filter(\.isDrifted)
        return drifted.max { $0.effect < $1.effect } ?? measurements.min { $0.p < $1.p }
    }
}

/// A column in a few figures.
package struct ColumnSummary: Equatable, Sendable {
    package var type: ColumnType
    package var count: Int
    package var nullFraction: Double
    package var distinctCount: Int
    package var mean: Double?
    package var standardDeviation: Double?
    /// The minimum, the nine deciles and the maximum.
    package var quantiles: [Double]
    /// The most frequent texts, at most ten, with their shares.
    package var categories: [CategoryShare]

    package struct CategoryShare: Equatable, Sendable {
        package var name: String
        package var share: Double
    }
}

/// A drop or a window compared with its reference.
package struct DriftReport: Equatable, Sendable {
    package var referenceRowCount: Int
    package var currentRowCount: Int
    package var options: DriftOptions
    package var columns: [ColumnDrift]

    package var driftedColumns: [String] { columns.filter(\.isDrifted).map(\.name) }
    package var isDrifted: Bool { columns.contains(where: \.isDrifted) }

    /// One line for a person.
    package var summary: String {
        let drifted = columns.filter(\.isDrifted)
        guard let worst = drifted.max(by: { ($0.leading?.effect ?? 0) < ($1.leading?.effect ?? 0) })
        else { return "no drift in \(columns.count) columns" }
        let others = drifted.count > 1 ? " (and \(drifted.count - 1) more columns)" : ""
        return "drift: \(worst.message)\(others)"
    }
}
