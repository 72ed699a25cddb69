import Millrace
package import Tabular

/// Rows that a model did not see in training, with its answers: the file `examples.json` of a release.
///
/// Whoever serves the model, in whatever language, must give the same answers to the same rows:
///
///     {"format": "millrace-examples", "version": 1, "columns": ["distance", "carrier"],
///      "rows": [[1400, "UA"], [null, "B6"]], "answers": [0.213, 0.308]}
///
/// A number or a text for each column of the model, in its order; null for a missing value.
package struct SupervisedExamples: Sendable, Equatable {
    package static let fileName = "examples.json"
    private static let format = "millrace-examples"
    private static let rowLimit = 10_000

    package let columns: [String]
    package let rows: [[FeatureValue]]
    package let answers: [Double]

    /// The first rows of a table, as many as asked for, and a model's answers to them.
    ///
    /// - Throws: `LearningError` when the table does not have the model's columns.
    package init(of model: Model, on table: Table, count: Int) throws(LearningError) {
        var columns: [Column] = []
        for feature in model.features {
            guard let column = table.column(feature.name) else {
                throw LearningError(
                    .columnMismatch, "the model needs a column \"\(feature.name)\"")
            }
            columns.append(column)
        }
        var rows: [[FeatureValue]] = []
        var answers: [Double] = []
        for row in 0..<min(max(count, 0), table.rowCount, SupervisedExamples.rowLimit) {
            let values = zip(columns, model.features).map { FeatureValue($0, row, for: $1) }
            rows.append(values)
            answers.append(try model.predict(row: values))
        }
        self.columns = model.features.map(\.name)
        self.rows = rows
        self.answers = answers
    }

    /// Reads the file. - Throws: `LearningError` when the bytes are no examples.
    package init(bytes: [UInt8]) throws(LearningError) {
        let json: JSONValue
        do {
            json = try JSONValue(
                parsing: bytes, limits: JSONLimits(byteCount: 64 << 20, depth: 8))
        } catch {
            throw LearningError(.badModel, "these are no examples: \(error)")
        }
        guard json["format"]?.stringValue == SupervisedExamples.format,
            json["version"]?.integerValue == 1,
            let columns = json["columns"]?.arrayValue?.compactMap(\.stringValue),
            let lists = json["rows"]?.arrayValue,
            let answers = json["answers"]?.arrayValue?.compactMap(\.doubleValue),
            lists.count == answers.count, lists.count <= SupervisedExamples.rowLimit
        else { throw LearningError(.badModel, "these are no examples of version 1") }
        var rows: [[FeatureValue]] = []
        for list in lists {
            let values = (list.arrayValue ?? []).compactMap(FeatureValue.init(json:))
            guard values.count == columns.count else {
                throw LearningError(
                    .badModel, "example \(rows.count + 1) has not one value for each column")
            }
            rows.append(values)
        }
        self.columns = columns
        self.rows = rows
        self.answers = answers
    }

    /// The same examples always give the same bytes.
    package var bytes: [UInt8] {
        let value: JSONValue = [
            "format": .string(SupervisedExamples.format), "version": 1,
            "columns": .array(columns.map { .string($0) }),
            "rows": .array(rows.map { .array($0.map(\.json)) }),
            "answers": .array(answers.map { .number($0) }),
        ]
        return value.bytes
    }

    /// Asks a model the same again.
    ///
    /// - Returns: the first answer that is not finite or farther than `tolerance` from the one that is
    ///   written, in words; nil when all agree.
    /// - Throws: `LearningError` when the model does not take such rows.
    package func difference(
        from model: Model, tolerance: Double
    ) throws(LearningError) -> String? {
        guard model.features.map(\.name) == columns else {
            throw LearningError(.columnMismatch, "the examples have other columns than the model")
        }
        for (index, row) in rows.enumerated() {
            let answer = try model.predict(row: row)
            guard answer.isFinite, abs(answer - answers[index]) <= tolerance else {
                return "it answers example \(index + 1) with \(answer), "
                    + "and with \(answers[index]) after training"
            }
        }
        return nil
    }
}

extension FeatureValue {
    /// A table's value as the feature takes it.
    fileprivate init(_ column: Column, _ row: Int, for feature: Feature) {
        switch (column.values, feature.kind) {
        case (.numeric(let values), .numeric) where values[row].isFinite:
            self = .number(values[row])
        case (.categorical(let codes, let levels), .categorical)
        where levels.indices.contains(Int(codes[row])):
            self = .text(levels[Int(codes[row])])
        default: self = .missing
        }
    }

    fileprivate init?(json: JSONValue) {
        switch json {
        case .null: self = .missing
        case .string(let text): self = .text(text)
        default:
            guard let number = json.doubleValue else { return nil }
            self = .number(number)
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .number(let number): .number(number)
        case .text(let text): .string(text)
        case .missing: .null
        }
    }
}
