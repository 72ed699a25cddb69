import Testing

@testable import Tabular

private let columns: [(name: String, type: ColumnType)] = [
    ("a", .number), ("b", .number), ("day", .date), ("code", .string), ("on", .boolean),
    ("two words", .number),
]

private func holds(_ rule: String, _ row: String) throws -> Bool {
    var contract = Contract(
        id: "x", columns: columns.map { ColumnContract(name: $0.0, type: $0.1) })
    contract.rowRules = [RowRule(name: "rule", expression: rule)]
    let report = try report("a,b,day,code,on,two words\n\(row)\n", contract)
    #expect(report.violations.allSatisfy { $0.rule == .rowRule })
    return report.isAccepted
}

@Test(arguments: [
    ("a >= b", "2,1,,x,,", true), ("a >= b", "1,2,,x,,", false), ("a >= b", ",2,,x,,", true),
    ("a >= b or b is null", "1,NA,,x,,", true), ("a is not null", ",1,,x,,", false),
    ("not a = 1", "1,,,x,,", false), ("a + b * 2 = 7", "1,3,,x,,", true),
    ("(a + b) * 2 == 8", "1,3,,x,,", true), ("-a < 0", "1,,,x,,", true),
    ("a / b > 1", "1,0,,x,,", true), ("day >= '2024-01-01'", ",,2023-12-31,x,,", false),
    ("day < '2024-01-01T12:00Z'", ",,2024-01-01,x,,", true), ("code = 'it''s'", ",,,it's,,", true),
    ("code in ('x', 'y')", ",,,z,,", false), ("code <> 'x' and a > 1", "2,,,y,,", true),
    ("on or a > 1", "0,,,x,true,", true), ("on", "0,,,x,false,", false),
    ("\"two words\" > 1.5e0", ",,,x,,1", false), ("code is null or a = 1", "2,,,NA,,", true),
    ("a > 1 and b > 1", "0,NA,,x,,", false), ("a > 1 or b > 1", "0,NA,,x,,", true),
    ("NOT (a IS NULL OR b IS NULL)", ",1,,x,,", false),
])
func `row rules are evaluated as in SQL`(rule: String, row: String, expected: Bool) throws {
    #expect(try holds(rule, row) == expected)
}

@Test(arguments: [
    "", "a", "a >", "a > 'x'", "code > 1", "code + 1 = 2", "(a > 1", "a > 1)", "a > 1 b",
    "day = 'x'",
    "a in (1", "a is 1", "'open", "a & b", "a > 1 and code", "1.2.3 = a", "-code = 'x'",
])
func `a rule that makes no sense is refused with its place`(rule: String) {
    let error = #expect(throws: TabularError.self) { try RowExpression(rule, columns: columns) }
    #expect(error?.message.contains("character") == true)
}

@Test func `a mistyped column is guessed`() {
    let error = #expect(throws: TabularError.self) {
        try RowExpression("cod = 'x'", columns: columns)
    }
    #expect(error?.message.hasSuffix("there is no column cod; did you mean code?") == true)
}

@Test func `nesting is bounded`() {
    for deep in [
        String(repeating: "(", count: 1_000), String(repeating: "-", count: 1_000) + "a",
        String(repeating: "not ", count: 900) + "a > 1",
    ] { _ = try? RowExpression(deep, columns: columns) }
    let long = Array(repeating: "a > 1", count: 400).joined(separator: " or ")
    #expect(throws: Never.self) { try RowExpression(long, columns: columns) }
}

@Test func `a broken rule shows the values it looked at`() throws {
    var contract = Contract(id: "x", columns: [ColumnContract(name: "a", type: .integer)])
    contract.columns.append(ColumnContract(name: "b", type: .integer))
    contract.rowRules = [
        RowRule(
            name: "order", expression: "a <= b", level: RuleLevel(.error, tolerance: 0.5))
    ]
    let report = try report("a,b\n1,2\n5,4\n", contract)
    #expect(report.isAccepted && report.rejectedRowCount == 1)
    let violation = try #require(report.violations.first)
    #expect(violation.ruleName == "order" && !violation.isExceeded)
    #expect(
        violation.occurrences == [Occurrence(row: 2, line: 3, byteOffset: 8, value: "a=5 b=4")])
}
