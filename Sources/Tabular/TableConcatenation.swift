extension Table {
    /// The rows of all tables, one after another. Levels are joined in the order of first use.
    ///
    /// - Throws: `TabularError` when the columns differ in name or kind.
    package static func concatenating(_ tables: [Table]) throws(TabularError) -> Table {
        guard let first = tables.first else { return Table(columns: [], rowCount: 0) }
        var columns: [Column] = []
        for column in first.columns {
            var parts: [Column.Values] = []
            for table in tables {
                guard let part = table.column(column.name) else {
                    throw TabularError(.column, "a table has no column \(column.name)")
                }
                parts.append(part.values)
            }
            columns.append(Column(name: column.name, values: try join(parts, column.name)))
        }
        return Table(columns: columns, rowCount: tables.reduce(0) { $0 + $1.rowCount })
    }

    private static func join(
        _ parts: [Column.Values], _ name: String
    ) throws(TabularError) -> Column.Values {
        var numbers: [Double] = []
        var codes: [Int32] = []
        var levels: [String] = []
        var codeOfLevel: [String: Int32] = [:]
        var isNumeric: Bool?
        for part in parts {
            switch part {
            case .numeric(let values):
                if isNumeric == false { throw mixed(name) }
                isNumeric = true
                numbers += values
            case .categorical(let partCodes, let partLevels):
                if isNumeric == true { throw mixed(name) }
                isNumeric = false
                let mapping = partLevels.map { level in
                    if let code = codeOfLevel[level] { return code }
                    let code = Int32(truncatingIfNeeded: levels.count)
                    codeOfLevel[level] = code
                    levels.append(level)
                    return code
                }
                codes += partCodes.map { code in
                    mapping.indices.contains(Int(code)) ? mapping[Int(code)] : -1
                }
            }
        }
        return isNumeric == true ? .numeric(numbers) : .categorical(codes: codes, levels: levels)
    }

    private static func mixed(_ name: String) -> TabularError {
        TabularError(.column, "column \(name) is numeric in one table and categorical in another")
    }
}
