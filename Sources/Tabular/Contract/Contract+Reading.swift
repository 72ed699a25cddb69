package import Millrace

extension Contract {
    /// Reads a contract, and checks that its patterns and rules can be understood.
    ///
    /// - Throws: `TabularError` with the path of the key that is wrong, and what would be right.
    package init(json: JSONValue) throws(TabularError) {
        let root = try ContractObject(json, path: "contract")
        if let kind = try root.text("kind"), kind != "DataContract" {
            throw root.failure("kind", "\"DataContract\" is expected")
        }
        if let version = try root.text("apiVersion"), !version.hasPrefix("v3.") {
            throw root.failure("apiVersion", "version \(version) is not known; v3.1.0 is")
        }
        let tables = try root.objects("schema")
        guard let table = tables.first else { throw root.failure("schema", "is missing") }
        guard tables.count == 1 else {
            throw root.failure("schema", "one table is expected, not \(tables.count)")
        }
        try table.requireKnown([
            "name", "logicalType", "properties", "quality", "dataGranularityDescription",
        ])
        let tableName = try table.requiredText("name")
        self.init(
            id: try root.text("id") ?? tableName, version: try root.text("version") ?? "1.0.0",
            columns: [])
        for property in try table.objects("properties") {
            let column = try ColumnContract(property)
            if self.column(column.name) != nil {
                throw ContractObject.failure(property.path, "the name is there twice")
            }
            columns.append(column)
        }
        try readQuality(of: table)
        try readExtensions(of: table)
        for rule in rowRules {
            _ = try RowExpression(rule.expression, columns: columns.map { ($0.name, $0.type) })
        }
    }

    private mutating func readQuality(of table: ContractObject) throws(TabularError) {
        for rule in try table.objects("quality") {
            if try rule.text("metric") == "rowCount" {
                try rule.requireKnown(QualityRule.operators + ["name", "type", "metric", "unit"])
                let bounds = try QualityRule.bounds(rule)
                rowCountMin = try bounds.low.map { low throws(TabularError) in
                    try QualityRule.count(low, rule)
                }
                rowCountMax = try bounds.high.map { high throws(TabularError) in
                    try QualityRule.count(high, rule)
                }
            } else if try rule.text("type") == "custom" {
                guard try rule.text("engine") == "millrace" else { continue }
                try rule.requireKnown(
                    QualityRule.operators + [
                        "name", "type", "engine", "implementation", "unit", "severity",
                    ])
                let expression = try rule.requiredText("implementation")
                rowRules.append(
                    RowRule(
                        name: try rule.text("name") ?? expression, expression: expression,
                        level: try QualityRule.level(rule)))
            } else {
                throw ContractObject.failure(
                    rule.path,
                    "a metric \"rowCount\", or type \"custom\" of engine \"millrace\", is expected")
            }
        }
    }

    private mutating func readExtensions(of table: ContractObject) throws(TabularError) {
        let extensions = try table.extensions(["nullTokens", "unknownColumns"])
        if extensions["nullTokens"] != nil { nullTokens = try extensions.texts("nullTokens") }
        if let text = try extensions.text("unknownColumns") {
            guard text == "allowed" || Severity(rawValue: text) != nil else {
                throw extensions.failure(
                    "unknownColumns", "\"allowed\", \"warning\" or \"error\" is expected")
            }
            unknownColumns = Severity(rawValue: text)
        }
    }
}

/// The operators of the standard's quality rules.
enum QualityRule {
    static let operators = [
        "mustBe", "mustBeBetween", "mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo",
        "mustBeGreaterThan", "mustBeLessThan",
    ]

    /// The smallest and largest accepted number.
    static func bounds(_ rule: ContractObject) throws(TabularError) -> (low: Double?, high: Double?)
    {
        var low = try rule.number("mustBeGreaterOrEqualTo")
        var high = try rule.number("mustBeLessOrEqualTo")
        if let exact = try rule.number("mustBe") { (low, high) = (exact, exact) }
        if let above = try rule.number("mustBeGreaterThan") { low = above.nextUp }
        if let below = try rule.number("mustBeLessThan") { high = below.nextDown }
        let between = try rule.list("mustBeBetween")
        if !between.isEmpty {
            guard between.count == 2, let first = between[0].doubleValue,
                let last = between[1].doubleValue, first <= last
            else { throw rule.failure("mustBeBetween", "two ascending numbers are expected") }
            (low, high) = (first, last)
        }
        return (low, high)
    }

    static func count(_ value: Double, _ rule: ContractObject) throws(TabularError) -> Int {
        guard value >= 0, value < 0x1p53 else {
            throw ContractObject.failure(rule.path, "a number of rows is expected")
        }
        return Int(exactly: value.rounded(.toNearestOrAwayFromZero)) ?? 0
    }

    /// Severity, and the share of rows that may break the rule.
    static func level(_ rule: ContractObject) throws(TabularError) -> RuleLevel {
        let high = try bounds(rule).high ?? 0
        return RuleLevel(
            try rule.severity("severity") ?? .error, tolerance: try share(high, rule))
    }

    static func share(_ value: Double, _ rule: ContractObject) throws(TabularError) -> Double {
        if value == 0 { return 0 }
        guard try rule.text("unit") == "percent" else {
            throw rule.failure("unit", "\"percent\" is expected where violations are tolerated")
        }
        guard value >= 0, value <= 100 else {
            throw ContractObject.failure(rule.path, "per cent from 0 to 100 are expected")
        }
        return value / 100
    }
}

extension ColumnContract {
    init(_ property: ContractObject) throws(TabularError) {
        try property.requireKnown([
            "name", "logicalType", "required", "unique", "logicalTypeOptions", "quality",
            "primaryKey", "primaryKeyPosition", "classification", "examples", "encryptedName",
            "criticalDataElement", "partitioned", "partitionKeyPosition", "transformLogic",
        ])
        let typeName = try property.text("logicalType") ?? "string"
        guard let type = ColumnType(rawValue: typeName) else {
            let known = ColumnType.allCases.map(\.rawValue)
            let near = nearestName(to: typeName, among: known)
            throw property.failure(
                "logicalType",
                "unknown type \"\(escapedText(typeName, limit: 40))\"; "
                    + (near.map { "did you mean \"\($0)\"?" }
                        ?? "known: \(known.joined(separator: ", "))"))
        }
        self.init(name: try property.requiredText("name"), type: type)
        let isKey = try property.truth("primaryKey") ?? false
        if try property.truth("required") ?? isKey { nullFractionMax = 0 }
        isUnique = try property.truth("unique") ?? isKey
        try readOptions(of: property)
        try readQuality(of: property)
        let extensions = try property.extensions(["optional", "severity", "tolerance"])
        isOptional = try extensions.truth("optional") ?? false
        level.severity = try extensions.severity("severity") ?? .error
        level.tolerance = try extensions.number("tolerance") ?? 0
        guard level.tolerance >= 0, level.tolerance <= 1 else {
            throw extensions.failure("tolerance", "a share from 0 to 1 is expected")
        }
    }

    private mutating func readOptions(of property: ContractObject) throws(TabularError) {
        guard let value = property["logicalTypeOptions"], value != .null else { return }
        let options = try ContractObject(value, path: property.path + ".logicalTypeOptions")
        try options.requireKnown([
            "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
            "pattern", "format",
        ])
        minimum = try bound("minimum", of: options)
        maximum = try bound("maximum", of: options)
        if let above = try options.number("exclusiveMinimum") { minimum = above.nextUp }
        if let below = try options.number("exclusiveMaximum") { maximum = below.nextDown }
        if let minimum, let maximum, minimum > maximum {
            throw options.failure("minimum", "is above the maximum")
        }
        lengthMin = try options.count("minLength")
        lengthMax = try options.count("maxLength")
        pattern = try options.text("pattern")
        if let pattern {
            do throws(TabularError) { _ = try Pattern(pattern) } catch {
                throw options.failure("pattern", error.message)
            }
        }
        if !type.isNumeric, minimum != nil || maximum != nil {
            throw options.failure("minimum", "a \(type.rawValue) has no range")
        }
    }

    private func bound(
        _ key: String, of options: ContractObject
    ) throws(TabularError) -> Double? {
        guard type == .date || type == .timestamp else { return try options.number(key) }
        guard let text = try options.text(key) else { return nil }
        let seconds = Array(text.utf8).withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap {
                parseDate($0, buffer.count) ?? parseTimestamp($0, buffer.count)
            }
        }
        guard let seconds else { throw options.failure(key, "not \(type.words)") }
        return seconds
    }

    private mutating func readQuality(of property: ContractObject) throws(TabularError) {
        for rule in try property.objects("quality") {
            switch try rule.text("metric") {
            case "nullValues":
                try rule.requireKnown(
                    QualityRule.operators + ["name", "type", "metric", "unit", "severity"])
                nullFractionMax = try QualityRule.share(
                    try QualityRule.bounds(rule).high ?? 0, rule)
            case "invalidValues":
                try rule.requireKnown(
                    QualityRule.operators + [
                        "name", "type", "metric", "arguments", "unit", "severity",
                    ])
                let arguments = try ContractObject(
                    rule["arguments"] ?? .null, path: rule.path + ".arguments")
                try arguments.requireKnown(["validValues"])
                allowedValues = try arguments.texts("validValues")
                allowedLevel = try QualityRule.level(rule)
            case "duplicateValues":
                try rule.requireKnown(QualityRule.operators + ["name", "type", "metric"])
                isUnique = true
            default:
                if try rule.text("type") == "custom", try rule.text("engine") != "millrace" {
                    continue
                }
                throw rule.failure(
                    "metric", "\"nullValues\", \"invalidValues\" or \"duplicateValues\" is expected"
                )
            }
        }
    }
}
