import Millrace
import Testing

@testable import Tabular

private func column(_ lines: some Sequence<String>) throws -> Profile {
    try profile("x,y\n" + lines.map { "\($0),1\n" }.joined())
}

@Test func `parts add up to the whole, in any order`() throws {
    var random = SeededGenerator(8)
    let makers: [(inout SeededGenerator) -> String] = [
        { "\($0.normal())" }, { "\($0.next() % 50)" }, { "t\($0.next() % 3_000)" },
        { $0.next() % 3 == 0 ? "NA" : "c\($0.next() % 40)" },
        { $0.next() % 2 == 0 ? "\($0.uniform() * 1e9)" : "none" }, { "\($0.next() % 5_000)" },
    ]
    for make in makers {
        let lines = (0..<5_000).map { _ in make(&random) }
        let whole = try column(lines)
        let parts = try [lines[..<100], lines[100..<1_500], lines[1_500...]].map { try column($0) }
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            var merged = Profile(rowCount: 0, columns: [])
            for index in order { merged = merged.merging(parts[index]) }
            #expect(merged.rowCount == whole.rowCount)
            expectSame(merged.columns[0], whole.columns[0])
        }
    }
}

@Test func `a saved part is merged as one that was never saved`() throws {
    var random = SeededGenerator(11)
    let makers: [(inout SeededGenerator) -> String] = [
        { "\($0.normal())" }, { "\($0.next() % 3)" }, { "t\($0.next() % 9_000)" },
        { $0.next() % 2 == 0 ? "\($0.uniform() * 1e300)" : "none" }, { "\($0.next() % 9_000)" },
    ]
    for make in makers {
        let parts = try (0..<4).map { _ in try column((0..<3_000).map { _ in make(&random) }) }
        let whole = parts.dropFirst().reduce(parts[0]) { $0.merging($1) }
        let begun = parts[1..<3].reduce(parts[0]) { $0.merging($1) }
        let saved = try Profile(json: JSONValue(parsing: begun.json.bytes))
        #expect(saved.merging(parts[3]).json.bytes == whole.json.bytes)
    }
}

/// Equal to the last bit, but for mean and variance.
private func expectSame(_ a: ColumnProfile, _ b: ColumnProfile) {
    #expect(a.texts == b.texts)
    #expect(a.kinds == b.kinds && a.nullCount == b.nullCount)
    #expect(a.numbers?.bins == b.numbers?.bins && a.numbers?.level == b.numbers?.level)
    #expect(a.numbers?.registers == b.numbers?.registers)
    guard let first = a.numbers, let second = b.numbers else { return }
    #expect(first.minimum == second.minimum && first.maximum == second.maximum)
    #expect(abs(first.mean - second.mean) <= 1e-9 * max(1, abs(second.mean)))
    #expect(abs(first.variance - second.variance) <= 1e-9 * max(1, second.variance))
}

@Test func `counts and moments are those of the values`() throws {
    let numbers = try #require(try column(["1", "2", "2", "10", "NA"]).columns[0].numbers)
    #expect(numbers.count == 4 && numbers.minimum == 1 && numbers.maximum == 10)
    #expect(numbers.mean == 3.75 && abs(numbers.variance - 17.583333333333332) < 1e-12)
    #expect(numbers.distinctCount == 3)
    #expect(numbers.quantile(0.5) == 2 && numbers.quantile(1) == 10)
    let huge = try #require(try column(["1e300", "-1e300", "5"]).columns[0].numbers)
    #expect(huge.minimum == -1e300 && huge.squares == .infinity && huge.mean.isFinite)
    // A small spread far from zero keeps its digits.
    let far = try #require(
        try column((0..<100).map { "\(1_000_000_000 + $0 % 2)" }).columns[0].numbers)
    #expect(abs(far.variance - 0.25 * 100 / 99) < 1e-9)
}

@Test func `different values are estimated within five per cent`() throws {
    for prefix in ["", "t"] {
        let lines = (0..<20_000).map { "\(prefix)\($0 * 7 % 12_000)" }
        let distinct = try column(lines).columns[0].distinctCount
        #expect(abs(Double(distinct) / 12_000 - 1) < 0.05, "\(distinct)")
        #expect(try column(lines.prefix(900)).columns[0].distinctCount == 900)
    }
}

@Test func `quantiles are within a bin of the truth`() throws {
    var random = SeededGenerator(3)
    let values = (0..<8_000).map { _ in random.normal() * 10 + 100 }
    let numbers = try #require(try column(values.map { "\($0)" }).columns[0].numbers)
    let sorted = values.sorted()
    for tenth in 1...9 {
        let exact = sorted[tenth * 800]
        #expect(abs(numbers.quantile(Double(tenth) / 10) - exact) < 0.2)
    }
}

@Test func `a saved profile stays below 64 KB a column`() throws {
    var random = SeededGenerator(6)
    let long = String(repeating: "\u{1}\"\\", count: 40)
    for make: (inout SeededGenerator) -> String in [
        { "\(Double(bitPattern: $0.next() & ~(0x7FF << 52) | 1 << 60) * 1e200)" },
        { "\"\($0.next() % 400)\(long.replacing("\"", with: "\"\""))\"" },
        { "\($0.next())" },
    ] {
        let profile = try column((0..<3_000).map { _ in make(&random) })
        #expect(profile.json.bytes.count < 65_536)
        #expect(try Profile(json: JSONValue(parsing: profile.json.bytes)) == profile)
    }
}

@Test func `a damaged profile is refused`() throws {
    let json = try column(["1", "2", "x"]).json
    #expect(throws: TabularError.self) { try Profile(json: .null) }
    var random = SeededGenerator(12)
    let bytes = json.bytes
    for _ in 0..<500 {
        var damaged = bytes
        damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() % 128)
        guard let value = try? JSONValue(parsing: damaged) else { continue }
        // Either it is refused, or what it says can be worked with.
        guard let profile = try? Profile(json: value) else { continue }
        _ = drift(from: profile, to: profile)
        _ = profile.merging(profile)
        _ = Contract.inferred(from: profile, id: "x").json
    }
}
