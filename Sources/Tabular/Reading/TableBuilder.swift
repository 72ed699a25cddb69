/// Collects the values of some columns.
struct TableBuilder {
    private struct Building {
        var selection: ColumnSelection
        var index: Int
        var numbers: [Double] = []
        var codes: [Int32] = []
        var levels: [String] = []
        var codeOfText: [[UInt8]: Int32] = [:]
        var lastBytes: [UInt8] = []
        var unread = 0
    }

    private var columns: [Building] = []
    private let nullTokens: NullTokens
    private let limits: ReadLimits
    private let bytesPerRow: Int
    private var rowHashes: [UInt64] = []
    var defectiveRowCount = 0

    init(
        _ selections: [ColumnSelection], columnNames: [String], nullTokens: NullTokens,
        limits: ReadLimits
    ) throws(TabularError) {
        self.nullTokens = nullTokens
        self.limits = limits
        for selection in selections {
            guard let index = columnNames.firstIndex(of: selection.name) else {
                let near = nearestName(to: selection.name, among: columnNames)
                let hint = near.map { "; did you mean \(escapedText($0, limit: 80))?" } ?? ""
                throw TabularError(.column, "there is no column \(selection.name)\(hint)")
            }
            columns.append(Building(selection: selection, index: index))
        }
        bytesPerRow = 8 + selections.reduce(0) { $0 + ($1.kind == .numeric ? 8 : 4) }
    }

    mutating func append(_ record: Record) throws(TabularError) {
        if rowHashes.count >= limits.tableBytes / bytesPerRow {
            throw TabularError(
                .limit, "the table needs more than \(limits.tableBytes) bytes of memory",
                line: record.line, byteOffset: record.byteOffset)
        }
        rowHashes.append(record.hash)
        for index in columns.indices {
            let field = record.fields[columns[index].index]
            switch columns[index].selection.kind {
            case .numeric:
                if nullTokens.contains(field) || field.count == 0 {
                    columns[index].numbers.append(.nan)
                } else if let number = Self.number(field) {
                    columns[index].numbers.append(number)
                } else {
                    columns[index].numbers.append(.nan)
                    columns[index].unread += 1
                }
            case .categorical:
                if nullTokens.contains(field) {
                    columns[index].codes.append(-1)
                } else {
                    try appendText(field, at: index, record)
                }
            }
        }
    }

    private static func number(_ field: Field) -> Double? {
        let number = parseNumber(field.start, field.count)
        if number.kind != .none { return number.value }
        if let truth = parseBoolean(field.start, field.count) { return truth ? 1 : 0 }
        guard field.count >= 10 else { return nil }
        return parseDate(field.start, field.count) ?? parseTimestamp(field.start, field.count)
    }

    private mutating func appendText(
        _ field: Field, at index: Int, _ record: Record
    ) throws(TabularError) {
        let bytes = Array(field.bytes)
        if let code = columns[index].codeOfText[bytes] {
            columns[index].codes.append(code)
            return
        }
        let count = columns[index].levels.count
        guard count < limits.levels, let code = Int32(exactly: count) else {
            throw TabularError(
                .limit,
                "column \(columns[index].selection.name) has more than \(limits.levels) different "
                    + "texts; it cannot be categorical",
                line: record.line, byteOffset: record.byteOffset)
        }
        columns[index].codeOfText[bytes] = code
        columns[index].levels.append(String(decoding: bytes, as: UTF8.self))
        columns[index].codes.append(code)
    }

    func finish() -> TableReading {
        var unread: [String: Int] = [:]
        let made = columns.map { building in
            if building.unread > 0 { unread[building.selection.name] = building.unread }
            let values: Column.Values =
                switch building.selection.kind {
                case .numeric: .numeric(building.numbers)
                case .categorical:
                    .categorical(codes: building.codes, levels: building.levels)
                }
            return Column(name: building.selection.name, values: values)
        }
        return TableReading(
            table: Table(columns: made, rowCount: rowHashes.count), rowHashes: rowHashes,
            defectiveRowCount: defectiveRowCount, unreadValueCounts: unread)
    }
}
