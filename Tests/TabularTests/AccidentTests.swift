import Millrace
import Testing

@testable import Tabular

private let contract = Contract(
    id: "x",
    columns: [
        ColumnContract(name: "a", type: .integer), ColumnContract(name: "b", type: .string),
    ])

@Test(arguments: ["", "\n", "\r\n\r\n", "\u{FEFF}", "\u{FEFF}\n"])
func `a file without a header is refused`(text: String) throws {
    let report = try report(text, contract)
    #expect(!report.isAccepted)
    #expect(report.violations.map(\.rule) == [.readable])
}

@Test func `a header alone is a table without rows`() throws {
    let report = try report("a,b\n", contract)
    #expect(report.isAccepted && report.rowCount == 0)
    var wanting = contract
    wanting.rowCountMin = 1
    #expect(try checked("a,b\n", wanting).violations.map(\.rule) == [.rowCount])
}

private func checked(_ text: String, _ contract: Contract) throws -> ValidationReport {
    try validate(input(text), contract: contract).report
}

@Test(arguments: ["a,b\n1,x\n2", "a,b\n1,x\n2,\"y", "a,b\n1,x\n2,\"y,\nz"])
func `a file that was cut says so`(text: String) throws {
    let report = try report(text, contract)
    #expect(!report.isAccepted)
    #expect(report.violations.map(\.rule).contains(.truncatedRow), "\(report.violations)")
    #expect(report.violations.first?.occurrences.first?.line == 3)
}

@Test func `a cut through the last value is a cut, not a bad value`() throws {
    var dated = contract
    dated.columns[1] = ColumnContract(name: "b", type: .date)
    let report = try report("a,b\n1,2024-01-01\n2,2024-0", dated)
    #expect(report.violations.map(\.rule) == [.truncatedRow])
    #expect(report.violations.first?.occurrences.first?.value == "2024-0")
    let complete = try checked("a,b\n1,2024-01-01\n2,2024-01-02", dated)
    #expect(complete.isAccepted)
    #expect(complete.violations.map(\.rule) == [.finalLineEnd])
}

@Test func `ragged rows are reported one by one`() throws {
    let report = try report("a,b\n1,x\n2\n3,y,z\n4,w\n", contract)
    let ragged = try #require(report.violations.first)
    #expect(ragged.rule == .fieldCount && ragged.count == 2)
    #expect(ragged.occurrences.map(\.row) == [2, 3])
    #expect(ragged.occurrences.map(\.value) == ["1 of 2 fields", "3 of 2 fields"])
    #expect(report.rowCount == 4 && report.rejectedRowCount == 2)
}

@Test func `a header must name every column once`() throws {
    let report = try report("a,,a\n1,2,3\n", nil)
    #expect(!report.isAccepted)
    #expect(report.violations.map(\.rule) == [.header, .header])
}

@Test func `five thousand columns are a table`() throws {
    let names = (0..<5_000).map { "c\($0)" }.joined(separator: ",")
    let values = (0..<5_000).map { "\($0)" }.joined(separator: ",")
    let result = try validate(input("\(names)\n\(values)\n\(values)\n"))
    #expect(result.report.isAccepted && result.report.rowCount == 2)
    #expect(result.profile.columns.count == 5_000)
    let tooMany = String(repeating: "c,", count: 10_001)
    #expect(try report(tooMany + "\n", nil).violations.map(\.rule) == [.readable])
}

@Test func `a field of five megabytes costs its row alone`() throws {
    for quote in ["", "\""] {
        let long = quote + String(repeating: "x", count: 5 << 20) + quote
        let report = try report("a,b\n1,x\n2,\(long)\n3,y\n", contract)
        let violation = try #require(report.violations.first)
        #expect(violation.rule == .rowLength && violation.count == 1)
        #expect(violation.occurrences.map(\.line) == [3])
        #expect(report.rowCount == 3 && report.rejectedRowCount == 1)
    }
}

@Test func `the limit for a record holds below the size of the buffer`() throws {
    var limits = ReadLimits()
    limits.recordBytes = 10
    let options = ValidationOptions(read: ReadOptions(limits: limits))
    let report = try validate(input("a,b\n1,x\n2,12345678\n3,123456789\n"), options: options).report
    #expect(report.violations.map(\.rule) == [.rowLength])
    #expect(report.violations.first?.occurrences.map(\.row) == [3])
}

@Test func `a quote or a line end is no delimiter`() throws {
    for delimiter in [0x22, 0x0A, 0x0D] as [UInt8] {
        let options = ReadOptions(format: .csv(delimiter: delimiter))
        #expect(throws: TabularError.self) {
            try validate(input("a\n1\n"), options: ValidationOptions(read: options))
        }
    }
    #expect(throws: TabularError.self) { try rows("sep=\"\na,b\n1,2\n") }
}

@Test func `what is shown of a bad value is bounded and harmless`() throws {
    let value = "\u{1B}[2J\u{202E}" + String(repeating: "é", count: 200)
    let report = try report("a,b\n\(value),x\n", contract)
    let shown = try #require(report.violations.first?.occurrences.first?.value)
    #expect(shown.hasPrefix("\\u{1b}[2J\\u{202e}éé"))
    #expect(shown.hasSuffix("é…"))
    #expect(shown.utf8.count < 120)
}

@Test func `the first places are kept, and all are counted`() throws {
    let text = "a,b\n" + String(repeating: "x,y\n", count: 1_000)
    let violation = try #require(try report(text, contract).violations.first)
    #expect(violation.count == 1_000)
    #expect(violation.occurrences.map(\.row) == Array(1...20))
}

/// Bytes as they fall, with a liking for those that mean something.
private func noise(_ random: inout SeededGenerator, count: Int) -> [UInt8] {
    let special =
        Array(",;\t|\"\"\"\n\r\n0123456789.-+eENA:TZ{}[]".utf8) + [0, 0xEF, 0xBB, 0xBF, 0xFF]
    let isBinary = random.next() % 4 == 0
    return (0..<count).map { _ in
        let word = random.next()
        if isBinary { return UInt8(truncatingIfNeeded: word >> 32) }
        return special[Int(word % UInt64(special.count))]
    }
}

@Test func `no bytes whatever can stop the reader`() throws {
    var random = SeededGenerator(2_013)
    var limits = ReadLimits()
    limits.recordBytes = 64
    for round in 0..<1_000 {
        let bytes = noise(&random, count: Int(random.next() % 300))
        let format: TabularFormat = round % 5 == 0 ? .jsonLines : .csv()
        if round % 2 == 0 { limits.recordBytes = 1 << 20 } else { limits.recordBytes = 64 }
        let options = ValidationOptions(read: ReadOptions(format: format, limits: limits))
        let result = try validate(.bytes(bytes), options: options)
        // Whatever was seen is a row, and no row is lost between accepted and rejected.
        #expect(result.report.rejectedRowCount + result.profile.rowCount == result.report.rowCount)
        #expect(result.report.json["accepted"] != nil)
        let contract = Contract.inferred(from: result.profile, id: "noise")
        _ = try validate(.bytes(bytes), contract: contract, options: options)
        #expect(try Profile(json: result.profile.json) == result.profile)
    }
}

@Test func `a drop may be damaged anywhere`() throws {
    let clean = flights(month: 1, rowCount: 60, seed: 3)
    let contract = Contract.inferred(from: try profile(clean), id: "flights")
    var random = SeededGenerator(7)
    for _ in 0..<300 {
        var bytes = Array(clean.utf8)
        for _ in 0..<(1 + random.next() % 3) {
            let place = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 3 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.remove(at: place)
            default: bytes.removeSubrange(place..<min(place + 40, bytes.count))
            }
        }
        let report = try validate(.bytes(bytes), contract: contract).report
        // The first drop's own rows never come back as more than they were.
        #expect(report.rowCount <= 64)
    }
}
