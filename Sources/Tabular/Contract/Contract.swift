/// What a drop must look like: its columns, how many rows, and what holds across columns.
///
/// Written and read as a data contract after ODCS 3.1 (`Contract.json`, `Contract(json:)`).
package struct Contract: Equatable, Sendable {
    package var id: String
    package var version: String
    package var columns: [ColumnContract]
    package var rowRules: [RowRule]
    /// Rows that a drop must have at least and at most.
    package var rowCountMin: Int?
    package var rowCountMax: Int?
    /// What a column is that the contract does not name; nil: it is welcome.
    package var unknownColumns: Severity?
    /// Unquoted fields that mean "no value".
    package var nullTokens: [String]

    package init(
        id: String, version: String = "1.0.0", columns: [ColumnContract],
        rowRules: [RowRule] = [], rowCountMin: Int? = nil, rowCountMax: Int? = nil,
        unknownColumns: Severity? = .warning,
        nullTokens: [String] = ReadOptions.defaultNullTokens
    ) {
        self.id = id
        self.version = version
        self.columns = columns
        self.rowRules = rowRules
        self.rowCountMin = rowCountMin
        self.rowCountMax = rowCountMax
        self.unknownColumns = unknownColumns
        self.nullTokens = nullTokens
    }

    package func column(_ name: String) -> ColumnContract? { columns.first { $0.name == name } }
}

/// What a violation does: an error rejects the row, and the drop when there are too many.
package enum Severity: String, CaseIterable, Sendable { case warning, error }

/// How serious a broken rule is.
package struct RuleLevel: Equatable, Sendable {
    package var severity: Severity
    /// The share of rows, 0 to 1, that may break the rule before the drop is rejected for it.
    package var tolerance: Double

    package init(_ severity: Severity = .error, tolerance: Double = 0) {
        self.severity = severity
        self.tolerance = tolerance
    }
}

/// The rules for one column.
package struct ColumnContract: Equatable, Sendable {
    package var name: String
    package var type: ColumnType
    /// The column may be absent altogether.
    package var isOptional = false
    /// The share of missing values, 0 to 1, that is accepted. 0: each missing value is a violation.
    package var nullFractionMax = 1.0
    /// For dates and timestamps in seconds since 1970.
    package var minimum: Double?
    package var maximum: Double?
    package var allowedValues: [String]?
    /// For `allowedValues` alone: an open set of categories is a warning with a tolerance.
    package var allowedLevel = RuleLevel()
    /// A regular expression that must match somewhere in the value; `^` and `$` tie it to the ends.
    package var pattern: String?
    /// In characters (Unicode scalars).
    package var lengthMin: Int?
    package var lengthMax: Int?
    /// No value occurs twice.
    package var isUnique = false
    /// For type, range, pattern, length and uniqueness.
    package var level = RuleLevel()

    package init(name: String, type: ColumnType) {
        self.name = name
        self.type = type
    }
}

/// A condition across the columns of a row; see `RowExpression` for what can be said.
package struct RowRule: Equatable, Sendable {
    package var name: String
    package var expression: String
    package var level: RuleLevel

    package init(name: String, expression: String, level: RuleLevel = RuleLevel()) {
        self.name = name
        self.expression = expression
        self.level = level
    }
}
