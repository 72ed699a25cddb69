package import Millrace

extension DriftReport {
    /// The report for a file or an event.
    package var json: JSONValue {
        .object([
            .init("drifted", .bool(isDrifted)), .init("summary", .string(summary)),
            .init("driftedColumns", .array(driftedColumns.map { .string($0) })),
            .init("referenceRows", .integer(Int64(referenceRowCount))),
            .init("currentRows", .integer(Int64(currentRowCount))),
            .init("significance", numberJSON(options.significance)),
            .init("columns", .array(columns.map(\.json))),
        ])
    }
}

extension ColumnDrift {
    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", .string(name)), .init("drifted", .bool(isDrifted)),
            .init("message", .string(message)),
            .init("measurements", .array(measurements.map(\.json))),
        ]
        if let populationStabilityIndex {
            members.append(.init("populationStabilityIndex", numberJSON(populationStabilityIndex)))
        }
        if !unseenCategories.isEmpty {
            members.append(.init("unseenCategories", .array(unseenCategories.map { .string($0) })))
            members.append(.init("unseenShare", numberJSON(unseenShare)))
        }
        members.append(.init("reference", reference?.json ?? .null))
        members.append(.init("current", current?.json ?? .null))
        return .object(members)
    }
}

extension DriftMeasurement {
    package var json: JSONValue {
        .object([
            .init("statistic", .string(statistic.rawValue)), .init("value", numberJSON(value)),
            .init("p", numberJSON(p)), .init("correctedP", numberJSON(correctedP)),
            .init("effect", numberJSON(effect)), .init("threshold", numberJSON(threshold)),
            .init("drifted", .bool(isDrifted)),
        ])
    }
}

extension ColumnSummary {
    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("type", .string(type.rawValue)), .init("count", .integer(Int64(count))),
            .init("nullFraction", numberJSON(nullFraction)),
            .init("distinct", .integer(Int64(distinctCount))),
        ]
        if let mean { members.append(.init("mean", numberJSON(mean))) }
        if let standardDeviation {
            members.append(.init("standardDeviation", numberJSON(standardDeviation)))
        }
        if !quantiles.isEmpty {
            members.append(.init("quantiles", .array(quantiles.map { numberJSON($0) })))
        }
        if !categories.isEmpty {
            let list = categories.map { category in
                JSONValue.array([.string(category.name), numberJSON(category.share)])
            }
            members.append(.init("categories", .array(list)))
        }
        return .object(members)
    }
}
