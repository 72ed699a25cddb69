/// An intercept and one term for each feature; the answer is their sum, and for a classification
/// the logistic function of it.
package struct LinearModel: Hashable, Sendable {
    package enum Term: Hashable, Sendable {
        /// `coefficient` times (value - mean) / scale, or `missing` for a missing value.
        case numeric(mean: Double, scale: Double, coefficient: Double, missing: Double)
        /// The coefficient of the value's level; those for any other level and for a missing value
        /// come last.
        case categorical([Double])
    }

    package var intercept: Double
    package var terms: [Term]

    /// A value further from the mean, in standard deviations, counts as this far: training never
    /// sees one, and a wild value in production must not make the answer infinite.
    static let standardLimit = 1e12

    @inline(__always)
    static func standardised(_ value: Double, mean: Double, scale: Double) -> Double {
        max(-standardLimit, min(standardLimit, (value - mean) / scale))
    }

    /// The sum for one row of model values (categorical values as their codes).
    func answer(_ row: ArraySlice<Double>) -> Double {
        var sum = intercept
        for (value, term) in zip(row, terms) {
            switch term {
            case .numeric(let mean, let scale, let coefficient, let missing):
                sum +=
                    value.isNaN
                    ? missing
                    : coefficient * LinearModel.standardised(value, mean: mean, scale: scale)
            case .categorical(let coefficients):
                sum += coefficients[Int(value)]
            }
        }
        return sum
    }
}
