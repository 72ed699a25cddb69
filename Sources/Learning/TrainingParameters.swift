package import Millrace

/// The name of one setting of a trainer, as it is written in the workspace's settings.
package enum ParameterName: String, CaseIterable, Sendable {
    /// Weight of half the sum of squared coefficients (or leaf values) in what is minimised. For
    /// linear models this is scikit-learn's `alpha`, or 1/`C`.
    case l2
    /// Newton steps of a linear model at most.
    case maximumIterations
    /// A linear model is done when the Newton decrement, an estimate of how far the loss of one
    /// row is from its minimum, is below this.
    case tolerance
    /// Levels of a categorical column that get a place of their own; rarer ones are one "other".
    case maximumLevels
    /// Boosting rounds.
    case trees
    /// Share of each tree's answer that is kept.
    case learningRate
    /// Leaves of a tree at most.
    case leaves
    /// Splits between the root and a leaf at most.
    case maximumDepth
    /// Bins of a numeric column at most, one of them for missing values.
    case bins
    /// Rows that a leaf must hold at least.
    case minimumRowsPerLeaf
    /// Sum of second derivatives that a leaf must hold at least.
    case minimumHessian
    /// Share of the columns that each tree may use, chosen by the seed.
    case columnFraction

    var algorithms: [Algorithm] {
        switch self {
        case .l2, .maximumLevels: Algorithm.allCases
        case .maximumIterations, .tolerance: [.logisticRegression, .linearRegression]
        default: [.boostedTrees]
        }
    }

    /// Allowed values, the default, and whether only whole numbers are allowed.
    func rule(_ algorithm: Algorithm) -> (range: ClosedRange<Double>, standard: Double, whole: Bool)
    {
        let isTree = algorithm == .boostedTrees
        return switch self {
        case .l2: (0...1e9, isTree ? 0 : 1, false)
        case .maximumIterations: (1...10_000, 100, true)
        case .tolerance: (1e-15...1, 1e-10, false)
        case .maximumLevels: isTree ? (1...253, 253, true) : (1...1000, 200, true)
        case .trees: (1...5000, 100, true)
        case .learningRate: (1e-4...1, 0.1, false)
        case .leaves: (2...1024, 31, true)
        case .maximumDepth: (1...64, 64, true)
        case .bins: (3...255, 255, true)
        case .minimumRowsPerLeaf: (1...1e9, 20, true)
        case .minimumHessian: (0...1e9, 1e-3, false)
        case .columnFraction: (0.01...1, 1, false)
        }
    }
}

/// The settings of one training. All of them are recorded with the model, defaults included.
package struct TrainingParameters: Hashable, Sendable {
    package let algorithm: Algorithm
    private var values: [ParameterName: Double] = [:]

    /// The defaults.
    package init(for algorithm: Algorithm) {
        self.algorithm = algorithm
        for name in ParameterName.allCases where name.algorithms.contains(algorithm) {
            values[name] = name.rule(algorithm).standard
        }
    }

    /// The defaults, with the members of an object in their place. Null is an empty object.
    ///
    /// - Throws: `badParameter` for an unknown name, with the nearest valid one, and for a value
    ///   that is no number or outside its range.
    package init(_ json: JSONValue, for algorithm: Algorithm) throws(LearningError) {
        self.init(for: algorithm)
        if case .null = json { return }
        guard let members = json.members else {
            throw LearningError(
                .badParameter, "the parameters are \(json.kindName); write an object instead")
        }
        var seen: Set<String> = []
        for member in members {
            guard seen.insert(member.key).inserted else {
                throw LearningError(.badParameter, "parameter \"\(member.key)\" is there twice")
            }
            guard let name = ParameterName(rawValue: member.key), values[name] != nil else {
                throw unknown(member.key)
            }
            guard let value = member.value.doubleValue else {
                throw LearningError(
                    .badParameter,
                    "parameter \"\(member.key)\" is \(member.value.kindName), not a number")
            }
            try set(name, to: value)
        }
    }

    /// - Throws: `badParameter` when the value is outside the parameter's range, or the parameter
    ///   is not one of this algorithm.
    package mutating func set(_ name: ParameterName, to value: Double) throws(LearningError) {
        guard values[name] != nil else { throw unknown(name.rawValue) }
        let (range, _, whole) = name.rule(algorithm)
        guard range.contains(value), !whole || value == value.rounded() else {
            throw LearningError(
                .badParameter,
                "parameter \"\(name.rawValue)\" is \(value); allowed are \(whole ? "whole " : "")"
                    + "numbers from \(range.lowerBound) to \(range.upperBound)")
        }
        values[name] = value
        if algorithm == .boostedTrees, self[.trees] * self[.leaves] > 200_000 {
            throw LearningError(
                .badParameter,
                "\(int(.trees)) trees of \(int(.leaves)) leaves are more than 200000 leaves")
        }
    }

    /// The value of a parameter; 0 for one that the algorithm does not have.
    package subscript(_ name: ParameterName) -> Double { values[name] ?? 0 }

    /// The value of a parameter that takes whole numbers.
    func int(_ name: ParameterName) -> Int { Int(exactly: self[name].rounded()) ?? 0 }

    /// Every parameter with its value, in a fixed order.
    package var json: JSONValue {
        .object(
            ParameterName.allCases.compactMap { name in
                values[name].map { value in
                    .init(
                        name.rawValue, Int64(exactly: value).map { .integer($0) } ?? .number(value))
                }
            })
    }

    private func unknown(_ key: String) -> LearningError {
        let valid = ParameterName.allCases.filter { values[$0] != nil }.map(\.rawValue)
        let hint = nearestName(to: key, in: valid).map { "did you mean \"\($0)\"?" }
        return LearningError(
            .badParameter,
            "\(algorithm.rawValue) has no parameter \"\(key)\": "
                + (hint ?? "use " + valid.joined(separator: ", ")))
    }
}
