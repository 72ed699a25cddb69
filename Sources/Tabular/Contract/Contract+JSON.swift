package import Millrace

// The shape of a data contract after the Open Data Contract Standard 3.1 (Bitol), of which this is
// what concerns a table:
//
//   apiVersion, kind, id, version, status
//   schema[0].name
//   schema[0].properties[]   name, logicalType, required, unique, logicalTypeOptions, quality[]
//   schema[0].quality[]      metric rowCount; type custom, engine millrace: a row rule
//   …customProperties[]      property, value: what the standard has no word for
//
// Keys beside `schema` that describe and do not check (team, price, description …) are kept out of
// the model and passed over when read.

extension Contract {
    static let apiVersion = "v3.1.0"

    /// The contract as a document of ODCS 3.1.
    package var json: JSONValue {
        var table: [JSONValue.Member] = [
            .init("name", .string(id)), .init("logicalType", "object"),
            .init("properties", .array(columns.map(\.json))),
        ]
        let quality = rowCountJSON + rowRules.map(\.json)
        if !quality.isEmpty { table.append(.init("quality", .array(quality))) }
        let properties = [
            customProperty("nullTokens", .array(nullTokens.map { .string($0) })),
            customProperty("unknownColumns", .string(unknownColumns?.rawValue ?? "allowed")),
        ]
        table.append(.init("customProperties", .array(properties)))
        return .object([
            .init("apiVersion", .string(Self.apiVersion)), .init("kind", "DataContract"),
            .init("id", .string(id)), .init("version", .string(version)),
            .init("status", "active"), .init("schema", .array([.object(table)])),
        ])
    }

    private var rowCountJSON: [JSONValue] {
        var rule: [JSONValue.Member] = [.init("metric", "rowCount")]
        switch (rowCountMin, rowCountMax) {
        case (nil, nil): return []
        case (let low?, nil): rule.append(.init("mustBeGreaterOrEqualTo", .integer(Int64(low))))
        case (nil, let high?): rule.append(.init("mustBeLessOrEqualTo", .integer(Int64(high))))
        case (let low?, let high?):
            rule.append(.init("mustBeBetween", [.integer(Int64(low)), .integer(Int64(high))]))
        }
        return [.object(rule)]
    }
}

func customProperty(_ name: String, _ value: JSONValue) -> JSONValue {
    .object([.init("property", .string("millrace.\(name)")), .init("value", value)])
}

extension RuleLevel {
    /// Members for a quality rule; the standard counts violations in rows or per cent.
    var members: [JSONValue.Member] {
        [
            .init("mustBeLessOrEqualTo", numberJSON(tolerance * 100)), .init("unit", "percent"),
            .init("severity", .string(severity.rawValue)),
        ]
    }
}

/// A number as JSON, as a whole number where it is one.
func numberJSON(_ value: Double) -> JSONValue {
    if let integer = Int64(exactly: value), abs(value) < 0x1p53 { return .integer(integer) }
    return value.isFinite ? .number(value) : .null
}

extension RowRule {
    var json: JSONValue {
        .object(
            [
                .init("name", .string(name)), .init("type", "custom"), .init("engine", "millrace"),
                .init("implementation", .string(expression)),
            ] + level.members)
    }
}

extension ColumnContract {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", .string(name)), .init("logicalType", .string(type.rawValue)),
            .init("required", .bool(nullFractionMax <= 0)),
        ]
        if isUnique { members.append(.init("unique", true)) }
        let options = optionsJSON
        if !options.isEmpty { members.append(.init("logicalTypeOptions", .object(options))) }
        var quality: [JSONValue] = []
        if nullFractionMax > 0, nullFractionMax < 1 {
            quality.append(
                .object([
                    .init("metric", "nullValues"),
                    .init("mustBeLessOrEqualTo", numberJSON(nullFractionMax * 100)),
                    .init("unit", "percent"),
                ]))
        }
        if let allowedValues {
            let list = JSONValue.array(allowedValues.map { .string($0) })
            quality.append(
                .object(
                    [
                        .init("metric", "invalidValues"),
                        .init("arguments", .object([.init("validValues", list)])),
                    ] + allowedLevel.members))
        }
        if !quality.isEmpty { members.append(.init("quality", .array(quality))) }
        var custom: [JSONValue] = []
        if isOptional { custom.append(customProperty("optional", true)) }
        if level.severity != .error {
            custom.append(customProperty("severity", .string(level.severity.rawValue)))
        }
        if level.tolerance > 0 {
            custom.append(customProperty("tolerance", numberJSON(level.tolerance)))
        }
        if !custom.isEmpty { members.append(.init("customProperties", .array(custom))) }
        return .object(members)
    }

    private var optionsJSON: [JSONValue.Member] {
        func bound(_ value: Double) -> JSONValue {
            switch type {
            case .date, .timestamp: .string(dateText(seconds: value, type: type))
            default: numberJSON(value)
            }
        }
        var options: [JSONValue.Member] = []
        if let minimum { options.append(.init("minimum", bound(minimum))) }
        if let maximum { options.append(.init("maximum", bound(maximum))) }
        if let lengthMin { options.append(.init("minLength", .integer(Int64(lengthMin)))) }
        if let lengthMax { options.append(.init("maxLength", .integer(Int64(lengthMax)))) }
        if let pattern { options.append(.init("pattern", .string(pattern))) }
        return options
    }
}
