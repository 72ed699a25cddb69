/// A column to bring into memory, and as what.
package struct ColumnSelection: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Numbers; true and false as 1 and 0; dates and timestamps in seconds since 1970.
        case numeric
        /// Texts as they are written.
        case categorical
    }

    package var name: String
    package var kind: Kind

    package init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// A table that was read, and what did not come along.
package struct TableReading: Sendable {
    package var table: Table
    /// `StableHash` of each row's bytes (without the line end), in the order of the rows.
    package var rowHashes: [UInt64]
    /// Rows that could not be taken apart into the columns, and so are not in the table.
    package var defectiveRowCount: Int
    /// Values of numeric columns that are no number and were taken as missing, by column.
    package var unreadValueCounts: [String: Int]
}

/// Reads columns into memory. Rows that are defective are counted and left out.
///
/// - Parameter keeps: which rows to keep, decided by a row's `StableHash`; nil: all.
/// - Throws: `TabularError` when the input is no table, a column is not there, or a limit is reached.
package func readTable(
    _ input: TabularInput, columns: [ColumnSelection], options: ReadOptions = ReadOptions(),
    keeps: (@Sendable (UInt64) -> Bool)? = nil
) throws(TabularError) -> TableReading {
    let reader = try makeReader(input, options: options, wantsHashes: true)
    var builder = try TableBuilder(
        columns, columnNames: reader.columnNames, nullTokens: NullTokens(options.nullTokens),
        limits: options.limits)
    while let record = try reader.next() {
        if !record.isDefective, record.count == reader.columnNames.count {
            if keeps?(record.hash) ?? true { try builder.append(record) }
        } else {
            builder.defectiveRowCount += 1
        }
    }
    return builder.finish()
}

extension TableReading {
    /// Tables of the same columns one after another, such as the files of a dataset version.
    ///
    /// - Throws: `TabularError` when the columns differ in name or kind.
    package static func concatenating(
        _ parts: [TableReading]
    ) throws(TabularError) -> TableReading {
        var result = TableReading(
            table: try Table.concatenating(parts.map(\.table)), rowHashes: [],
            defectiveRowCount: 0, unreadValueCounts: [:])
        for part in parts {
            result.rowHashes += part.rowHashes
            result.defectiveRowCount += part.defectiveRowCount
            result.unreadValueCounts.merge(part.unreadValueCounts) { $0 + $1 }
        }
        return result
    }
}
