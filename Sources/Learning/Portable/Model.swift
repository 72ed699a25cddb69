package import Tabular

/// Trees whose answers are added to a base score.
package struct BoostedTrees: Hashable, Sendable {
    package var base: Double
    package var trees: [Tree]
}

/// What is predicted.
package struct TargetDescription: Hashable, Sendable {
    package let name: String
    /// For a classification the names of the negative and the positive class; else empty.
    package let classes: [String]

    package init(name: String, classes: [String] = []) {
        self.name = name
        self.classes = classes
    }
}

/// What was trained on what, for the reader of a model file.
package struct TrainingRecord: Hashable, Sendable {
    /// Rows that had an outcome.
    package let rows: Int
    package let seed: UInt64
    package let parameters: TrainingParameters
}

/// One value of one row, for predictions without a table.
package enum FeatureValue: Hashable, Sendable {
    case number(Double)
    case text(String)
    case missing
}

/// A trained model: what it wants of a row, and how it answers.
///
/// A level that training did not see is "other". A missing value is answered by what training
/// learned from missing values; where there were none, a linear model takes the mean and a tree
/// follows the majority. A column that is not there is an error.
package struct Model: Sendable {
    package enum Body: Hashable, Sendable {
        case linear(LinearModel)
        case trees(BoostedTrees)
    }

    package let task: LearningTask
    package let target: TargetDescription
    package let features: [Feature]
    package let body: Body
    package let training: TrainingRecord

    private let forest: Forest
    private let levelCodes: [[String: Double]]

    package var algorithm: Algorithm { training.parameters.algorithm }

    init(
        task: LearningTask, target: TargetDescription, features: [Feature], body: Body,
        training: TrainingRecord
    ) {
        self.task = task
        self.target = target
        self.features = features
        self.body = body
        self.training = training
        if case .trees(let boosted) = body {
            forest = Forest(boosted.trees)
        } else {
            forest = Forest([])
        }
        levelCodes = features.map { feature in
            Dictionary(
                feature.levels.enumerated().map { ($1, Double($0)) },
                uniquingKeysWith: { a, _ in a })
        }
    }

    /// The answers for all rows of a table, whose columns are found by name: the probability of the
    /// positive class, or the number.
    ///
    /// - Throws: `columnMismatch` when a column is not there or holds another kind of values.
    package func predict(_ table: Table) throws(LearningError) -> [Double] {
        var columns: [BoundColumn] = []
        for feature in features { columns.append(try feature.bound(to: table)) }
        var answers: [Double] = []
        answers.reserveCapacity(table.rowCount)
        let block = 256
        var rows = [Double](repeating: 0, count: block * features.count)
        var start = 0
        while start < table.rowCount {
            let range = start..<min(table.rowCount, start + block)
            for (index, column) in columns.enumerated() {
                fill(&rows, from: column, range, feature: index)
            }
            answers += answer(rows, count: range.count)
            start = range.upperBound
        }
        return answers
    }

    /// The answer for one row, given in the order of `features`.
    ///
    /// - Throws: `columnMismatch` for another number of values, a text where the model takes numbers
    ///   or the other way round.
    package func predict(row: [FeatureValue]) throws(LearningError) -> Double {
        guard row.count == features.count else {
            throw LearningError(
                .columnMismatch,
                "the row has \(row.count) values; the model takes \(features.count)")
        }
        var values: [Double] = []
        values.reserveCapacity(row.count)
        for (index, value) in row.enumerated() {
            let feature = features[index]
            switch (value, feature.kind) {
            case (.number(let number), .numeric):
                values.append(number.isFinite ? number : .nan)
            case (.text(let text), .categorical):
                values.append(levelCodes[index][text] ?? Double(feature.otherCode))
            case (.missing, .numeric): values.append(.nan)
            case (.missing, .categorical): values.append(Double(feature.missingCode))
            case (.number, .categorical): throw mismatch(feature, "a text", "a number")
            case (.text, .numeric): throw mismatch(feature, "a number", "a text")
            }
        }
        return answer(values, count: 1)[0]
    }

    private func mismatch(_ feature: Feature, _ wanted: String, _ found: String) -> LearningError {
        LearningError(
            .columnMismatch, "\"\(feature.name)\" is \(found), but the model takes \(wanted) there")
    }

    private func fill(
        _ rows: inout [Double], from column: BoundColumn, _ range: Range<Int>, feature: Int
    ) {
        var slot = feature
        switch column {
        case .numeric(let values):
            for row in range {
                rows[slot] = values[row].isFinite ? values[row] : .nan
                slot += features.count
            }
        case .categorical(let codes, let map):
            for row in range {
                rows[slot] = Double(BoundColumn.code(codes[row], map))
                slot += features.count
            }
        }
    }

    private func answer(_ rows: [Double], count: Int) -> [Double] {
        var sums: [Double]
        switch body {
        case .linear(let linear):
            let width = features.count
            sums = (0..<count).map { linear.answer(rows[$0 * width..<($0 + 1) * width]) }
        case .trees(let boosted):
            sums = [Double](repeating: boosted.base, count: count)
            forest.add(rows, featureCount: features.count, to: &sums)
        }
        return task == .binaryClassification ? sums.map(sigmoid) : sums
    }
}

extension Model: Hashable {
    package static func == (a: Model, b: Model) -> Bool {
        a.task == b.task && a.target == b.target && a.features == b.features && a.body == b.body
            && a.training == b.training
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(target)
        hasher.combine(body)
    }
}
