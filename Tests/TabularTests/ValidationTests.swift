import Tabular
import Testing

private let good = "id,when,amount,kind\n1,2024-01-01,2.5,a\n2,2024-01-02,NA,b\n3,2024-01-03,7,a\n"

@Test func `a clean drop is accepted and profiled`() throws {
    let result = try validate(.bytes(Array(good.utf8)))
    #expect(result.report.isAccepted)
    #expect(result.report.violations == [])
    #expect(result.report.rowCount == 3)
    #expect(result.profile.columns.map(\.type) == [.integer, .date, .number, .string])
    #expect(result.profile.column("amount")?.nullCount == 1)
    #expect(result.profile.column("amount")?.numbers?.mean == 4.75)
    #expect(result.profile.column("kind")?.texts?.categories.map(\.count) == [2, 1])
}

@Test func `each violation names row, line, byte and value`() throws {
    var contract = Contract.inferred(
        from: try validate(.bytes(Array(good.utf8))).profile, id: "sample")
    contract.columns[0].maximum = 2
    contract.columns[0].isUnique = true
    let text = "id,when,amount,kind\n1,2024-01-01,x,a\n\n1,2024-13-01,1,b\n3,2024-01-01,1\n"
    let report = try validate(.bytes(Array(text.utf8)), contract: contract).report
    #expect(!report.isAccepted)
    #expect(report.rejectedRowCount == 3)
    let found = report.violations.map { "\($0.rule) \($0.column ?? "-")" }.sorted()
    #expect(found == ["fieldCount -", "type amount", "type when", "unique id"])
    let type = try #require(report.violations.first { $0.rule == .type && $0.column == "when" })
    #expect(type.occurrences == [Occurrence(row: 2, line: 4, byteOffset: 40, value: "2024-13-01")])
}

@Test func `a contract survives being written and read`() throws {
    let profile = try validate(.bytes(Array(good.utf8))).profile
    var contract = Contract.inferred(from: profile, id: "sample")
    contract.rowRules = [RowRule(name: "positive", expression: "amount > 0 or kind = 'b'")]
    contract.columns[3].allowedValues = ["a", "b"]
    #expect(try Contract(json: contract.json) == contract)
    #expect(try Profile(json: profile.json) == profile)
}
