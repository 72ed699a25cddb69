import Testing

@testable import Tabular

private let text = "a,b,c\n1,x,true\nNA,y,false\nbad,x,NA\n4,\"NA\",true\n5,x\n"

@Test func `columns are read as numbers or as categories`() throws {
    let reading = try readTable(
        input(text),
        columns: [ColumnSelection("b", .categorical), ColumnSelection("a", .numeric)])
    #expect(reading.table.rowCount == 4 && reading.rowHashes.count == 4)
    #expect(reading.defectiveRowCount == 1)
    #expect(reading.unreadValueCounts == ["a": 1])
    guard case .numeric(let a)? = reading.table.column("a")?.values,
        case .categorical(let codes, let levels)? = reading.table.column("b")?.values
    else {
        Issue.record("the columns have other kinds")
        return
    }
    #expect(a.map { $0.isNaN ? -1 : $0 } == [1, -1, -1, 4])
    #expect(codes == [0, 1, 0, 2] && levels == ["x", "y", "NA"])
    let truth = try readTable(input(text), columns: [ColumnSelection("c", .numeric)])
    guard case .numeric(let c)? = truth.table.column("c")?.values else { return }
    #expect(c.map { $0.isNaN ? -1 : $0 } == [1, 0, -1, 1])
}

@Test func `rows are chosen by a hash of their bytes alone`() throws {
    let clean = flights(month: 1, rowCount: 2_000, seed: 1)
    let selection = [ColumnSelection("day", .numeric)]
    let all = try readTable(input(clean), columns: selection)
    let kept = try readTable(input(clean), columns: selection) { $0 % 5 == 0 }
    #expect(kept.rowHashes == all.rowHashes.filter { $0 % 5 == 0 })
    #expect(kept.table.rowCount > 300 && kept.table.rowCount < 500)
    // The same row has the same hash wherever it stands and however its line ends.
    let reversed = clean.split(separator: "\n")
    let moved = [reversed[0]] + reversed.dropFirst().reversed()
    let other = try readTable(input(moved.joined(separator: "\r\n")), columns: selection)
    #expect(other.rowHashes == all.rowHashes.reversed())
    // Pinned for ever: a split must be the same in every version.
    #expect(StableHash.of("2013,1") == 13_189_179_639_349_720_281)
    #expect(StableHash.of("2013,1,1,517") == 658_408_307_431_513_414)
}

@Test func `files are joined to one table`() throws {
    let selection = [ColumnSelection("a", .numeric), ColumnSelection("b", .categorical)]
    let first = try readTable(input("a,b\n1,x\n2,y\n"), columns: selection)
    let second = try readTable(input("b,a\ny,3\nz,\n"), columns: selection)
    let both = try TableReading.concatenating([first, second])
    #expect(both.table.rowCount == 4 && both.rowHashes == first.rowHashes + second.rowHashes)
    guard case .categorical(let codes, let levels)? = both.table.column("b")?.values else { return }
    #expect(codes == [0, 1, 1, 2] && levels == ["x", "y", "z"])
    let odd = try readTable(input("a,b\n1,2\n"), columns: [ColumnSelection("a", .categorical)])
    #expect(throws: TabularError.self) { try TableReading.concatenating([first, odd]) }
}

@Test func `limits and missing columns are errors`() throws {
    let error = #expect(throws: TabularError.self) {
        try readTable(input(text), columns: [ColumnSelection("aa", .numeric)])
    }
    #expect(error?.message == "there is no column aa; did you mean a?")
    var options = ReadOptions()
    options.limits.tableBytes = 40
    #expect(throws: TabularError.self) {
        try readTable(input(text), columns: [ColumnSelection("a", .numeric)], options: options)
    }
    options = ReadOptions()
    options.limits.levels = 2
    #expect(throws: TabularError.self) {
        try readTable(input(text), columns: [ColumnSelection("b", .categorical)], options: options)
    }
    #expect(throws: TabularError.self) {
        try readTable(.descriptor(-1), columns: [])
    }
}

@Test func `one pass checks, profiles and brings the accepted rows`() throws {
    let contract = Contract(
        id: "x",
        columns: [
            ColumnContract(name: "a", type: .integer), ColumnContract(name: "b", type: .string),
            ColumnContract(name: "c", type: .boolean),
        ])
    let result = try validate(
        input(text), contract: contract,
        options: ValidationOptions(collected: [ColumnSelection("a", .numeric)]))
    #expect(result.report.rejectedRowCount == 2)
    #expect(result.table?.table.rowCount == 3)
    #expect(result.table?.unreadValueCounts == [:])
    #expect(result.profile.rowCount == 4)
}

@Test func `a hash splits rows evenly, whatever their form`() {
    for make: (Int) -> String in [{ "\($0)" }, { "row \($0 * 64),x" }, { "\(Double($0) / 8),a,b" }]
    {
        var counts = [Int](repeating: 0, count: 10)
        for index in 0..<10_000 { counts[Int(StableHash.of(make(index)) % 10)] += 1 }
        // Chi-square with 9 degrees: above 27.9 has a chance of 1 in 1,000.
        let statistic = counts.reduce(0.0) {
            $0 + (Double($1) - 1_000) * (Double($1) - 1_000) / 1_000
        }
        #expect(statistic < 27.9, "\(counts)")
    }
}
