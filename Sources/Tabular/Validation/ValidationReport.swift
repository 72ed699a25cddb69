/// What a rule is about. The raw values are part of the report's format.
package enum Rule: String, CaseIterable, Sendable {
    // The drop as a whole.
    case readable, header, columnMissing, columnUnknown, rowCount, nullFraction, uniqueUnfinished
    case finalLineEnd
    // A row.
    case truncatedRow, fieldCount, quoting, zeroByte, encoding, rowLength, json
    // A value.
    case missing, type, minimum, maximum, allowedValues, pattern, length, unique
    // Across columns.
    case rowRule
}

/// The outcome of checking a drop.
package struct ValidationReport: Equatable, Sendable {
    /// No error beyond its tolerance.
    package var isAccepted: Bool
    /// Data rows: all that were seen, readable or not.
    package var rowCount: Int
    /// Rows that break at least one rule of severity error.
    package var rejectedRowCount: Int
    package var byteCount: Int
    package var columnNames: [String]
    /// How the text was understood, for example `csv, delimiter ;`.
    package var format: String
    /// Errors first, then by the number of rows.
    package var violations: [Violation]

    /// One line for a person.
    package var summary: String {
        if let worst = violations.first(where: { $0.isExceeded && $0.severity == .error }) {
            let others = violations.count { $0.isExceeded && $0.severity == .error } - 1
            let more = others > 0 ? " (and \(others) more)" : ""
            return "rejected: \(worst.message)\(more)"
        }
        let warnings = violations.isEmpty ? "" : ", \(violations.count) warnings"
        return "accepted: \(rowCount) rows, \(columnNames.count) columns\(warnings)"
    }
}

/// All cases of one rule in one column.
package struct Violation: Equatable, Sendable {
    package var rule: Rule
    package var column: String?
    /// The name of a rule across columns.
    package var ruleName: String?
    package var severity: Severity
    package var tolerance: Double
    /// Rows (for rules about the whole drop: 1).
    package var count: Int
    /// More than tolerated.
    package var isExceeded: Bool
    /// What was expected and what is there.
    package var message: String
    /// The first cases in the order of the file.
    package var occurrences: [Occurrence]
}

/// One place in the file.
package struct Occurrence: Equatable, Sendable {
    /// The data row, counted from 1.
    package var row: Int
    /// The line in the file where the row begins, counted from 1 (the header is line 1).
    package var line: Int
    /// The offset in the file of the value, or of the row.
    package var byteOffset: Int
    /// The offending text, escaped and cut.
    package var value: String

    package init(row: Int, line: Int, byteOffset: Int, value: String) {
        self.row = row
        self.line = line
        self.byteOffset = byteOffset
        self.value = value
    }
}
