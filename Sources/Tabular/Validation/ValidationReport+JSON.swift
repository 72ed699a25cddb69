package import Millrace

extension ValidationReport {
    /// The report for a file or an event.
    package var json: JSONValue {
        .object([
            .init("accepted", .bool(isAccepted)), .init("summary", .string(summary)),
            .init("rows", .integer(Int64(rowCount))),
            .init("rejectedRows", .integer(Int64(rejectedRowCount))),
            .init("bytes", .integer(Int64(byteCount))), .init("format", .string(format)),
            .init("columns", .array(columnNames.map { .string($0) })),
            .init("violations", .array(violations.map(\.json))),
        ])
    }
}

extension Violation {
    package var json: JSONValue {
        var members: [JSONValue.Member] = [.init("rule", .string(rule.rawValue))]
        if let column { members.append(.init("column", .string(column))) }
        if let ruleName { members.append(.init("name", .string(ruleName))) }
        members += [
            .init("severity", .string(severity.rawValue)),
            .init("tolerance", numberJSON(tolerance)),
            .init("count", .integer(Int64(count))), .init("exceeded", .bool(isExceeded)),
            .init("message", .string(message)),
            .init("occurrences", .array(occurrences.map(\.json))),
        ]
        return .object(members)
    }
}

extension Occurrence {
    package var json: JSONValue {
        .object([
            .init("row", .integer(Int64(row))), .init("line", .integer(Int64(line))),
            .init("byteOffset", .integer(Int64(byteOffset))), .init("value", .string(value)),
        ])
    }
}
