import Learning
package import Millrace

/// Measures against bounds, and says in words what was asked and what was found.
package enum GateBook {
    /// A bound on one metric. A metric that was not measured fails: nobody knows that it is good.
    package static func result(of gate: Gate, on evaluation: ModelEvaluated) -> GateResult {
        let asked = text(of: gate)
        guard let value = evaluation.metrics[gate.metric], value.isFinite else {
            return GateResult(
                gate: asked, passed: false,
                found: missing(gate.metric, in: evaluation.metrics, evaluation))
        }
        let isHighEnough = gate.atLeast.map { value >= $0 } ?? true
        let isLowEnough = gate.atMost.map { value <= $0 } ?? true
        let bound = isHighEnough ? gate.atMost : gate.atLeast
        return GateResult(
            gate: asked, passed: isHighEnough && isLowEnough,
            found: "\(gate.metric) is \(Figure.text(value, near: bound))")
    }

    /// The gain over the champion on the same rows. What cannot be compared fails.
    package static func result(
        against live: Int, metric: String, gain: Double, on evaluation: ModelEvaluated
    ) -> GateResult {
        let asked = "\(metric) gain over v\(live) >= \(Figure.exact(gain))"
        func failed(_ found: String) -> GateResult {
            GateResult(gate: asked, passed: false, found: found)
        }
        guard evaluation.champion == live else {
            let other = evaluation.champion.map { "v\($0)" } ?? "no champion"
            return failed("it was measured against \(other), and v\(live) is live")
        }
        guard let value = evaluation.metrics[metric], value.isFinite else {
            return failed(missing(metric, in: evaluation.metrics, evaluation))
        }
        guard let champion = evaluation.championMetrics[metric], champion.isFinite else {
            return failed(
                "v\(live): " + missing(metric, in: evaluation.championMetrics, evaluation))
        }
        if let comparison = evaluation.comparison, comparison.metric == metric {
            let certain = Figure.signed(comparison.lowerBound)
            return GateResult(
                gate: asked, passed: comparison.gain >= gain,
                found: "\(metric) is \(Figure.text(value)), v\(live) has "
                    + "\(Figure.text(champion)) on the same \(evaluation.rows) rows: gain "
                    + "\(Figure.signed(comparison.gain, near: gain)), with 95 % confidence "
                    + "above \(certain)")
        }
        // Metrics that a user's program reported: not on the same rows, as far as anybody knows.
        let difference = isHigherBetter(metric) ? value - champion : champion - value
        let notes = evaluation.notes.map { " (\($0))" }.joined()
        return GateResult(
            gate: asked, passed: difference.isFinite && difference >= gain,
            found: "\(metric) is \(Figure.text(value)), v\(live) has \(Figure.text(champion)): "
                + "gain \(Figure.signed(difference, near: gain))\(notes)")
    }

    /// Whether more is better. A metric that only the user's program knows counts as such.
    package static func isHigherBetter(_ metric: String) -> Bool {
        MetricName(rawValue: metric)?.isHigherBetter ?? true
    }

    /// For example `auc >= 0.6`, or `0.2 <= share <= 0.4`.
    package static func text(of gate: Gate) -> String {
        switch (gate.atLeast, gate.atMost) {
        case (let low?, let high?):
            "\(Figure.exact(low)) <= \(gate.metric) <= \(Figure.exact(high))"
        case (let low?, nil): "\(gate.metric) >= \(Figure.exact(low))"
        case (nil, let high?): "\(gate.metric) <= \(Figure.exact(high))"
        case (nil, nil): "\(gate.metric) without a bound"
        }
    }

    private static func missing(
        _ metric: String, in metrics: [String: Double], _ evaluation: ModelEvaluated
    ) -> String {
        if !evaluation.notes.isEmpty, metrics.isEmpty {
            return "\(metric) was not measured: " + evaluation.notes.joined(separator: "; ")
        }
        if evaluation.rows == 0, metrics.isEmpty {
            return "\(metric) was not measured: no rows were held out"
        }
        let known = metrics.keys.sorted().joined(separator: ", ")
        return "\(metric) was not measured; there are \(known.isEmpty ? "no metrics" : known)"
    }
}
