import Glibc

/// Two models on the same rows.
package struct Comparison: Hashable, Sendable {
    package let metric: MetricName
    package let champion: Double
    package let challenger: Double
    /// How much better the challenger is: above 0 whether higher or lower values are better.
    package let improvement: Double
    package let standardError: Double
    /// The improvement is between these with the asked confidence.
    package let lower: Double
    package let upper: Double
    package let confidence: Double
    package let rowCount: Int
}

/// Compares the answers of two models to the same rows, so that what makes rows easy or hard for
/// both cancels. Rows whose outcome is NaN are left out.
///
/// The standard error of a difference of AUCs is DeLong's (1988); of a metric that is a mean over
/// rows, that of the mean of paired differences; of RMSE, the same by the delta method. The bounds are
/// of the normal approximation, which serves from some tens of rows (of each class) on.
///
/// - Parameter metric: `auc`, `logLoss`, `brier`, `accuracy`, `rmse` or `mae`.
/// - Throws: `badParameter` for another metric or a confidence outside 0.5 to 0.9999; `badData` as in
///   `evaluate`, and for fewer than two rows (of each class).
package func compare(
    champion: [Double], challenger: [Double], outcomes: [Double], metric: MetricName,
    confidence: Double = 0.95
) throws(LearningError) -> Comparison {
    guard confidence >= 0.5, confidence <= 0.9999 else {
        throw LearningError(
            .badParameter, "the confidence is \(confidence); allowed is 0.5 to 0.9999")
    }
    let old = try outcomePairs(champion, outcomes, task: metric.task)
    let new = try outcomePairs(challenger, outcomes, task: metric.task)
    guard old.count >= 2 else {
        throw LearningError(.badData, "a comparison needs at least two rows with an outcome")
    }
    let values: (champion: Double, challenger: Double, error: Double)
    switch metric {
    case .auc: values = try compareAreas(old, new)
    case .logLoss, .brier, .accuracy, .rmse, .mae: values = compareMeans(old, new, metric)
    case .calibrationError, .precision, .recall, .f1, .r2:
        throw LearningError(
            .badParameter,
            "two models cannot be compared by \(metric.rawValue); use auc, log_loss, brier, "
                + "accuracy, rmse or mae")
    }
    let difference = values.challenger - values.champion
    let improvement = metric.isHigherBetter ? difference : -difference
    let margin = normalQuantile((1 + confidence) / 2) * values.error
    return Comparison(
        metric: metric, champion: values.champion, challenger: values.challenger,
        improvement: improvement, standardError: values.error, lower: improvement - margin,
        upper: improvement + margin, confidence: confidence, rowCount: old.count)
}

private func compareMeans(
    _ old: [OutcomePair], _ new: [OutcomePair], _ metric: MetricName
) -> (champion: Double, challenger: Double, error: Double) {
    var (champion, challenger) = (
        mean(old) { rowLoss(metric, $0) }, mean(new) { rowLoss(metric, $0) }
    )
    // By the delta method: the root's derivative is 1 / (2 root).
    var weights = (old: 1.0, new: 1.0)
    if metric == .rmse {
        champion = champion.squareRoot()
        challenger = challenger.squareRoot()
        weights.old = champion > 0 ? 1 / (2 * champion) : 0
        weights.new = challenger > 0 ? 1 / (2 * challenger) : 0
    }
    let differences = zip(old, new).map {
        weights.new * rowLoss(metric, $1) - weights.old * rowLoss(metric, $0)
    }
    let error = (covariance(differences, differences) / Double(differences.count)).squareRoot()
    return (champion, challenger, error)
}

private func compareAreas(
    _ old: [OutcomePair], _ new: [OutcomePair]
) throws(LearningError) -> (champion: Double, challenger: Double, error: Double) {
    let a = placements(old)
    let b = placements(new)
    guard a.positive.count >= 2, a.negative.count >= 2,
        let champion = areaUnderCurve(old), let challenger = areaUnderCurve(new)
    else {
        throw LearningError(.badData, "an AUC needs at least two rows of each class")
    }
    let positive = zip(b.positive, a.positive).map { $0 - $1 }
    let negative = zip(b.negative, a.negative).map { $0 - $1 }
    let variance =
        covariance(positive, positive) / Double(positive.count)
        + covariance(negative, negative) / Double(negative.count)
    return (champion, challenger, variance.squareRoot())
}

/// The sample covariance of two lists of equal length, at least two long.
private func covariance(_ a: [Double], _ b: [Double]) -> Double {
    let (meanA, meanB) = (runningMean(a), runningMean(b))
    let sum = zip(a, b).reduce(0) { $0 + ($1.0 - meanA) * ($1.1 - meanB) }
    return sum / Double(a.count - 1)
}

/// The value that a standard normal number is below with this probability, for 0.5 to 0.99999.
func normalQuantile(_ probability: Double) -> Double {
    // Halving an interval: 60 steps give every bit, and it is asked once a comparison.
    var (low, high) = (0.0, 8.0)
    for _ in 0..<60 {
        let middle = (low + high) / 2
        if 1 - erfc(middle / 2.0.squareRoot()) / 2 < probability {
            low = middle
        } else {
            high = middle
        }
    }
    return (low + high) / 2
}
