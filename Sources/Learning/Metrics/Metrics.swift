/// Measurements with their names, in a fixed order.
package struct Metrics: Hashable, Sendable {
    package struct Metric: Hashable, Sendable {
        package let name: MetricName
        package let value: Double
    }

    package private(set) var values: [Metric]
    /// Rows that had an outcome.
    package let rowCount: Int

    package subscript(_ name: MetricName) -> Double? {
        values.first { $0.name == name }?.value
    }
}

package enum MetricName: String, CaseIterable, Sendable {
    // Classification.
    /// Area under the ROC curve: how often a positive row scores above a negative one, ties half.
    case auc
    /// Mean negative log-likelihood, in nats; probabilities are kept within 1e-15 of 0 and 1.
    case logLoss = "log_loss"
    /// Mean squared distance of the probability from the outcome.
    case brier
    /// Mean distance of probability and frequency over ten bins of equal width, weighted by rows.
    case calibrationError = "calibration_error"
    case accuracy
    case precision
    case recall
    case f1
    // Regression.
    /// Root of the mean squared error, in units of the target.
    case rmse
    /// Mean absolute error, in units of the target.
    case mae
    /// Share of the outcome's variance that the answers explain; 0 when the outcome is constant.
    case r2

    package var isHigherBetter: Bool {
        switch self {
        case .auc, .accuracy, .precision, .recall, .f1, .r2: true
        case .logLoss, .brier, .calibrationError, .rmse, .mae: false
        }
    }

    package var task: LearningTask {
        switch self {
        case .rmse, .mae, .r2: .regression
        default: .binaryClassification
        }
    }

    /// The metric of that name, as written in the settings.
    package init(named name: String) throws(LearningError) {
        if let metric = MetricName(rawValue: name) {
            self = metric
            return
        }
        let names = MetricName.allCases.map(\.rawValue)
        let hint = nearestName(to: name, in: names).map { "did you mean \"\($0)\"?" }
        throw LearningError(
            .badParameter,
            "there is no metric \"\(name)\": \(hint ?? "use " + names.joined(separator: ", "))")
    }
}

/// Measures answers against outcomes. Rows whose outcome is NaN are left out.
///
/// A metric that these rows do not define (the AUC of a single class) is not in the result.
///
/// - Parameters:
///   - answers: as `Model.predict` gives them.
///   - threshold: probabilities from this on count as positive.
/// - Throws: `badData` for lists of different length, no outcome at all, an outcome that is not 0 or
///   1 in a classification, and an answer that is no finite number.
package func evaluate(
    _ answers: [Double], outcomes: [Double], task: LearningTask, threshold: Double = 0.5
) throws(LearningError) -> Metrics {
    let pairs = try outcomePairs(answers, outcomes, task: task)
    var values: [Metrics.Metric] = []
    func add(_ name: MetricName, _ value: Double?) {
        if let value { values.append(.init(name: name, value: value)) }
    }
    switch task {
    case .binaryClassification:
        add(.auc, areaUnderCurve(pairs))
        add(.logLoss, mean(pairs) { rowLoss(.logLoss, $0) })
        add(.brier, mean(pairs) { rowLoss(.brier, $0) })
        add(.calibrationError, calibrationError(pairs))
        let table = Confusion(pairs, threshold: threshold)
        add(.accuracy, table.accuracy)
        add(.precision, table.precision)
        add(.recall, table.recall)
        add(.f1, table.f1)
    case .regression:
        let squared = mean(pairs) { rowLoss(.rmse, $0) }
        add(.rmse, squared.squareRoot())
        add(.mae, mean(pairs) { rowLoss(.mae, $0) })
        let centre = mean(pairs) { $0.outcome }
        let variance = mean(pairs) { ($0.outcome - centre) * ($0.outcome - centre) }
        add(.r2, variance > 0 ? 1 - squared / variance : 0)
    }
    return Metrics(values: values, rowCount: pairs.count)
}

/// One row's answer and outcome.
struct OutcomePair {
    let answer: Double
    let outcome: Double
}

func outcomePairs(
    _ answers: [Double], _ outcomes: [Double], task: LearningTask
) throws(LearningError) -> [OutcomePair] {
    guard answers.count == outcomes.count else {
        throw LearningError(
            .badData, "there are \(answers.count) answers for \(outcomes.count) outcomes")
    }
    var pairs: [OutcomePair] = []
    pairs.reserveCapacity(answers.count)
    for (row, outcome) in outcomes.enumerated() where !outcome.isNaN {
        guard outcome.isFinite, task == .regression || outcome == 0 || outcome == 1 else {
            throw LearningError(.badData, "the outcome of row \(row) is \(outcome)")
        }
        guard answers[row].isFinite else {
            throw LearningError(.badData, "the answer for row \(row) is \(answers[row])")
        }
        pairs.append(OutcomePair(answer: answers[row], outcome: outcome))
    }
    guard !pairs.isEmpty else {
        throw LearningError(.badData, "no row has an outcome to measure the answers against")
    }
    return pairs
}

/// A running mean, which does not overflow where a sum would.
func mean(_ pairs: [OutcomePair], _ value: (OutcomePair) -> Double) -> Double {
    var mean = 0.0
    for (index, pair) in pairs.enumerated() { mean += (value(pair) - mean) / Double(index + 1) }
    return mean
}

/// What one row adds to a metric that is a mean over rows (or, for RMSE, the root of one).
func rowLoss(_ name: MetricName, _ pair: OutcomePair) -> Double {
    let error = pair.answer - pair.outcome
    switch name {
    case .logLoss:
        let p = min(max(pair.answer, 1e-15), 1 - 1e-15)
        return -logarithm(pair.outcome == 1 ? p : 1 - p)
    case .mae: return abs(error)
    case .accuracy: return (pair.answer >= 0.5) == (pair.outcome == 1) ? 1 : 0
    default: return error * error
    }
}

private func calibrationError(_ pairs: [OutcomePair]) -> Double {
    var bins = [(count: Double, answers: Double, outcomes: Double)](
        repeating: (0, 0, 0), count: 10)
    for pair in pairs {
        let index = Int((min(max(pair.answer, 0), 1) * 10).rounded(.down))
        let bin = min(index, 9)
        bins[bin].count += 1
        bins[bin].answers += pair.answer
        bins[bin].outcomes += pair.outcome
    }
    return bins.reduce(0) { $0 + abs($1.answers - $1.outcomes) } / Double(pairs.count)
}

/// How many rows of each class were answered how.
private struct Confusion {
    var truePositives = 0.0
    var falsePositives = 0.0
    var trueNegatives = 0.0
    var falseNegatives = 0.0

    init(_ pairs: [OutcomePair], threshold: Double) {
        for pair in pairs {
            switch (pair.answer >= threshold, pair.outcome == 1) {
            case (true, true): truePositives += 1
            case (true, false): falsePositives += 1
            case (false, false): trueNegatives += 1
            case (false, true): falseNegatives += 1
            }
        }
    }

    var accuracy: Double {
        (truePositives + trueNegatives)
            / (truePositives + trueNegatives + falsePositives + falseNegatives)
    }
    /// 0 when nothing was answered positive, as scikit-learn has it.
    var precision: Double { ratio(truePositives, truePositives + falsePositives) }
    /// 0 when no row is positive.
    var recall: Double { ratio(truePositives, truePositives + falseNegatives) }
    var f1: Double { ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }

    private func ratio(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }
}
