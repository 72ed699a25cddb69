/// What a model answers with.
package enum LearningTask: String, CaseIterable, Sendable {
    /// The probability of the positive class; the target is 0 or 1.
    case binaryClassification = "binary-classification"
    /// A number.
    case regression
}

/// The built-in trainers.
package enum Algorithm: String, CaseIterable, Sendable {
    case logisticRegression = "logistic-regression"
    case linearRegression = "linear-regression"
    case boostedTrees = "boosted-trees"

    /// Whether the algorithm can learn such a target.
    package func serves(_ task: LearningTask) -> Bool {
        switch self {
        case .logisticRegression: task == .binaryClassification
        case .linearRegression: task == .regression
        case .boostedTrees: true
        }
    }

    /// The algorithm of that name, as written in the settings.
    package init(named name: String) throws(LearningError) {
        if let algorithm = Algorithm(rawValue: name) {
            self = algorithm
            return
        }
        let names = Algorithm.allCases.map(\.rawValue)
        let hint = nearestName(to: name, in: names).map { "did you mean \"\($0)\"?" }
        throw LearningError(
            .badParameter,
            "there is no algorithm \"\(name)\": \(hint ?? "use " + names.joined(separator: ", "))")
    }
}
