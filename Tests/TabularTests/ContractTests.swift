import Millrace
import Testing

@testable import Tabular

private func read(_ text: String) throws -> Contract {
    try Contract(json: JSONValue(parsing: Array(text.utf8)))
}

private func wrapped(_ property: String) -> String {
    "{\"kind\": \"DataContract\", \"schema\": [{\"name\": \"t\", \"properties\": [\(property)]}]}"
}

@Test func `a contract written by hand says what it means`() throws {
    let contract = try read(
        """
        {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "flights", "team": {"name": "x"},
         "schema": [{"name": "flights", "physicalType": "file",
          "properties": [
           {"name": "carrier", "logicalType": "string", "required": true, "description": "who",
            "logicalTypeOptions": {"pattern": "^[A-Z0-9]{2}$", "maxLength": 2},
            "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["UA", "AA"]},
                         "mustBeLessOrEqualTo": 2, "unit": "percent", "severity": "warning"}]},
           {"name": "delay", "logicalType": "number", "logicalTypeOptions": {"exclusiveMinimum": 0},
            "quality": [{"metric": "nullValues", "mustBeLessOrEqualTo": 5, "unit": "percent"}]},
           {"name": "day", "logicalType": "date", "logicalTypeOptions": {"minimum": "2013-01-01"},
            "customProperties": [{"property": "millrace.tolerance", "value": 0.01},
                                 {"property": "other.tool", "value": 1}]},
           {"name": "id", "logicalType": "integer", "primaryKey": true}],
          "quality": [{"metric": "rowCount", "mustBeBetween": [10, 1000]},
                      {"type": "custom", "engine": "soda", "implementation": "x"},
                      {"name": "r", "type": "custom", "engine": "millrace",
                       "implementation": "delay > 1 or carrier = 'UA'", "severity": "warning"}]}]}
        """)
    #expect(contract.id == "flights" && contract.rowCountMin == 10 && contract.rowCountMax == 1000)
    let carrier = try #require(contract.column("carrier"))
    #expect(carrier.nullFractionMax == 0 && carrier.pattern == "^[A-Z0-9]{2}$")
    #expect(carrier.allowedValues == ["UA", "AA"])
    #expect(carrier.allowedLevel == RuleLevel(.warning, tolerance: 0.02))
    let delay = try #require(contract.column("delay"))
    #expect(delay.nullFractionMax == 0.05 && delay.minimum == Double(0).nextUp)
    let day = try #require(contract.column("day"))
    #expect(day.minimum == 1_356_998_400 && day.level.tolerance == 0.01)
    let id = try #require(contract.column("id"))
    #expect(id.isUnique && id.nullFractionMax == 0)
    #expect(contract.rowRules.map(\.name) == ["r"])
    #expect(try Contract(json: contract.json) == contract)
}

@Test(arguments: [
    ("{\"name\": \"a\", \"logicalTyp\": \"string\"}", "did you mean \"logicalType\"?"),
    ("{\"name\": \"a\", \"logicalType\": \"interger\"}", "did you mean \"integer\"?"),
    ("{\"name\": \"a\", \"required\": \"yes\"}", "[a].required: true or false is expected"),
    ("{\"logicalType\": \"string\"}", "name: is missing"),
    ("{\"name\": \"a\", \"logicalTypeOptions\": {\"maximun\": 1}}", "did you mean \"maximum\"?"),
    ("{\"name\": \"a\", \"logicalTypeOptions\": {\"pattern\": \"(\"}}", "a ( without its )"),
    ("{\"name\": \"a\", \"logicalTypeOptions\": {\"minimum\": 1}}", "has no range"),
    ("{\"name\": \"a\", \"quality\": [{\"metric\": \"nulls\"}]}", "\"nullValues\""),
    ("{\"name\": \"a\"}, {\"name\": \"a\"}", "the name is there twice"),
    (
        "{\"name\": \"a\", \"quality\": [{\"metric\": \"nullValues\", \"mustBe\": 5}]}",
        "\"percent\""
    ),
    ("3", "an object is expected, not a number"),
])
func `a mistake in a contract is named with its place`(property: String, words: String) {
    let error = #expect(throws: TabularError.self) { try read(wrapped(property)) }
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.message.hasPrefix("contract") == true)
}

@Test func `each rule finds what breaks it`() throws {
    var contract = Contract(id: "x", columns: [ColumnContract(name: "n", type: .number)])
    contract.columns[0].minimum = 0
    contract.columns[0].maximum = 10
    contract.columns[0].nullFractionMax = 0
    var code = ColumnContract(name: "code", type: .string)
    code.pattern = "^[a-z]+$"
    code.lengthMin = 2
    code.lengthMax = 3
    code.allowedValues = ["ab", "äb", "x", "ABC", "abcd"]
    code.isUnique = true
    contract.columns.append(code)
    let text = "n,code\n1,ab\n-1,äb\n11,x\nNA,ABC\nz,abcd\n5,ab\n6,\"\"\n7,zz\n"
    let report = try report(text, contract)
    var rows: [String: [Int]] = [:]
    for violation in report.violations {
        rows["\(violation.rule) \(violation.column ?? "")"] = violation.occurrences.map(\.row)
    }
    let expected = [
        "minimum n": [2], "maximum n": [3], "missing n": [4], "type n": [5],
        "pattern code": [2, 4, 7],
        "length code": [3, 5, 7], "unique code": [6], "allowedValues code": [7, 8],
    ]
    #expect(rows == expected)
    #expect(report.rejectedRowCount == 7)
}

@Test func `missing and unknown columns`() throws {
    var contract = Contract(id: "x", columns: [ColumnContract(name: "amount", type: .number)])
    contract.columns.append(ColumnContract(name: "note", type: .string))
    contract.columns[1].isOptional = true
    let report = try report("amonut\n1\n", contract)
    #expect(report.violations.map(\.rule) == [.columnMissing, .columnUnknown])
    #expect(report.summary == "rejected: column amount is missing; the drop has amonut")
    contract.unknownColumns = .error
    #expect(try !checked("amount,extra\n1,2\n", contract).isAccepted)
    contract.unknownColumns = nil
    #expect(try checked("amount,extra\n1,2\n", contract).violations == [])
}

private func checked(_ text: String, _ contract: Contract) throws -> ValidationReport {
    try validate(input(text), contract: contract).report
}

@Test func `a share of missing values is a bound on the column`() throws {
    var contract = Contract(id: "x", columns: [ColumnContract(name: "a", type: .integer)])
    contract.columns.append(ColumnContract(name: "b", type: .integer))
    contract.columns[0].nullFractionMax = 0.5
    #expect(try checked("a,b\n1,1\n,1\n", contract).isAccepted)
    let report = try checked("a,b\n,1\n,1\n3,1\n", contract)
    #expect(report.violations.map(\.rule) == [.nullFraction])
    #expect(report.summary.contains("66.67 % of the values are missing; at most 50.0 %"))
}

@Test func `a tolerance is a share of the rows`() throws {
    var contract = Contract(id: "x", columns: [ColumnContract(name: "a", type: .integer)])
    contract.columns[0].level.tolerance = 0.1
    let good = String(repeating: "1\n", count: 18)
    #expect(try checked("a\n" + good + "x\nx\n", contract).isAccepted)
    #expect(try !checked("a\n" + good + "x\nx\nx\n", contract).isAccepted)
    contract.columns[0].level = RuleLevel(.warning)
    let report = try checked("a\nx\n", contract)
    #expect(report.isAccepted && report.rejectedRowCount == 0 && report.violations.count == 1)
}

@Test func `an inferred contract keeps later drops and finds damage`() throws {
    let january = try profile(flights(month: 1, rowCount: 3_000, seed: 1))
    let contract = Contract.inferred(from: january, id: "flights")
    #expect(try Contract(json: contract.json) == contract)
    for month in 2...12 {
        let later = try checked(flights(month: month, rowCount: 300, seed: UInt64(month)), contract)
        #expect(later.isAccepted, "\(later.summary)")
        #expect(later.rejectedRowCount == 0)
    }
    // Kinds of damage that happen: another unit, a shifted column, a sentinel, a broken date …
    let clean = flights(month: 2, rowCount: 200, seed: 20).split(separator: "\n").map(String.init)
    let damages: [(String, ([String]) -> [String])] = [
        ("distance in metres", { $0.replacing(8, with: "\(1_609 * 900)") }),
        ("columns shifted", { ["x"] + $0.dropLast() }),
        ("a column too many", { $0 + ["1"] }),
        ("sentinel", { $0.replacing(3, with: "-99999") }),
        ("text for a number", { $0.replacing(4, with: "#REF!") }),
        ("broken time", { $0.replacing(9, with: "2013-02-30T10:00:00Z") }),
        ("month is missing", { $0.replacing(0, with: "") }),
        ("negative distance", { $0.replacing(8, with: "-5") }),
        ("decimal for a whole number", { $0.replacing(2, with: "930.5") }),
        ("infinite", { $0.replacing(4, with: "inf") }),
    ]
    for (name, damage) in damages {
        var lines = clean
        lines[100] = damage(lines[100].split(separator: ",").map(String.init)).joined(
            separator: ",")
        let report = try checked(lines.joined(separator: "\n") + "\n", contract)
        #expect(!report.isAccepted, "\(name)")
        #expect(report.rejectedRowCount == 1, "\(name)")
        #expect(report.violations.first?.occurrences.first?.row == 100, "\(name)")
    }
}

extension [String] {
    fileprivate func replacing(_ index: Int, with text: String) -> [String] {
        var copy = self
        copy[index] = text
        return copy
    }
}
