/// Columns of equal length in memory: what a trainer and a drift measurement work on.
package struct Table: Sendable {
    package private(set) var columns: [Column]
    package let rowCount: Int

    /// - Precondition: all columns have `rowCount` values.
    package init(columns: [Column], rowCount: Int) {
        precondition(columns.allSatisfy { $0.count == rowCount })
        self.columns = columns
        self.rowCount = rowCount
    }

    package func column(_ name: String) -> Column? { columns.first { $0.name == name } }
}

/// One column of a table.
package struct Column: Sendable {
    package enum Values: Sendable {
        /// A missing value is NaN; no other value is NaN or infinite.
        case numeric([Double])
        /// Indices into `levels`; a missing value is -1.
        case categorical(codes: [Int32], levels: [String])
    }

    package let name: String
    package let values: Values

    package init(name: String, values: Values) {
        self.name = name
        self.values = values
    }

    package var count: Int {
        switch values {
        case .numeric(let values): values.count
        case .categorical(let codes, _): codes.count
        }
    }
}
