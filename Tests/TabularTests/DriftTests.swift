import Testing

@testable import Tabular

/// A table of one column of numbers.
private func numbers(
    _ count: Int, _ random: inout SeededGenerator, shift: Double = 0, scale: Double = 1
) throws -> Profile {
    var text = "x\n"
    for _ in 0..<count { text += "\(random.normal() * scale + shift)\n" }
    return try profile(text)
}

/// Profiles made straight from counts: as exact as from text, and quick.
private func categories(_ counts: [(String, Int)]) -> Profile {
    let total = counts.reduce(0) { $0 + $1.1 }
    var kinds = KindCounts()
    kinds.string = total
    let sorted = counts.sorted { $0.0 < $1.0 }
    let texts = TextProfile(
        count: total, minimumLength: 1, maximumLength: 1,
        categories: sorted.map { TextProfile.Category(name: $0.0, count: $0.1) }, buckets: [],
        registers: [])
    let column = ColumnProfile(
        name: "c", count: total, nullCount: 0, kinds: kinds, numbers: nil, texts: texts)
    return Profile(rowCount: total, columns: [column])
}

private func nulls(_ nullCount: Int, of count: Int) -> Profile {
    let column = ColumnProfile(
        name: "n", count: count, nullCount: nullCount, kinds: KindCounts(), numbers: nil, texts: nil
    )
    return Profile(rowCount: count, columns: [column])
}

@Test func `nothing changed is no drift, as often as was promised`() throws {
    var random = SeededGenerator(1)
    var options = DriftOptions(significance: 0.05, effectMin: 0, nullEffectMin: 0)
    var alarms = 0
    let repetitions = 400
    for round in 0..<repetitions {
        // Three columns of different make, so that the correction over the family is at work.
        let count = [30, 100, 300][round % 3]
        func drop() throws -> Profile {
            var text = "a,b,c\n"
            for _ in 0..<count {
                let number = "\(random.normal())"
                let code = random.element(of: ["x", "x", "x", "y", "z"])
                text += "\(number),\(code),\(random.uniform() < 0.1 ? "" : "1")\n"
            }
            return try profile(text)
        }
        if drift(from: try drop(), to: try drop(), options: options).isDrifted { alarms += 1 }
    }
    // Binomial with 5 %: more than 8.5 % of 400 has a chance of 1 in 1,000.
    #expect(Double(alarms) / Double(repetitions) < 0.085, "\(alarms) alarms")
    #expect(alarms > 0)
    options.effectMin = 1
    options.nullEffectMin = 1
    #expect(!drift(from: nulls(0, of: 100), to: nulls(90, of: 100), options: options).isDrifted)
}

@Test func `a small shift of many values is found`() throws {
    var random = SeededGenerator(2)
    let reference = try numbers(10_000, &random)
    let shifted = try numbers(10_000, &random, shift: 0.15)
    let wider = try numbers(10_000, &random, scale: 1.3)
    let same = try numbers(10_000, &random)
    #expect(drift(from: reference, to: shifted).isDrifted)
    #expect(drift(from: reference, to: wider).isDrifted)
    #expect(!drift(from: reference, to: same).isDrifted)
    var found = 0
    for _ in 0..<20 {
        let before = try numbers(1_000, &random)
        if drift(from: before, to: try numbers(1_000, &random, shift: 0.3)).isDrifted { found += 1 }
    }
    #expect(found >= 19)
}

@Test func `what is significant but tiny is no drift`() {
    let reference = categories([("a", 500_000), ("b", 500_000)])
    let current = categories([("a", 505_000), ("b", 495_000)])
    let report = drift(from: reference, to: current)
    let measurement = report.columns[0].measurements.first { $0.statistic == .chiSquare }
    #expect((measurement?.correctedP ?? 1) < 1e-9)
    #expect(!report.isDrifted)
}

@Test func `a change of missing values is drift of its own`() {
    let report = drift(from: nulls(500, of: 10_000), to: nulls(800, of: 10_000))
    #expect(report.isDrifted)
    #expect(report.columns[0].leading?.statistic == .nullFraction)
    #expect(report.summary == "drift: n: missing values went from 5.0 % to 8.0 %")
}

@Test func `unseen categories are named`() {
    let reference = categories([("a", 500), ("b", 500)])
    let current = categories([("a", 450), ("b", 450), ("new", 100)])
    let report = drift(from: reference, to: current)
    #expect(report.columns[0].unseenCategories == ["new"])
    #expect(report.columns[0].unseenShare == 0.1)
    #expect(report.isDrifted)
}

@Test func `rare categories raise no alarm`() {
    let rare = (0..<300).map { ("r\($0)", 1) }
    let reference = categories([("a", 700)] + rare)
    let current = categories([("a", 700)] + (300..<600).map { ("r\($0)", 1) })
    let measurement = drift(from: reference, to: current).columns[0].measurements
        .first { $0.statistic == .chiSquare }
    #expect((measurement?.p ?? 1) > 0.5)
}

@Test func `columns that come, go or stand still`() throws {
    let reference = try profile("a,b\n1,5\n1,5\n1,5\n")
    let same = drift(from: reference, to: try profile("a,b\n1,5\n1,5\n"))
    #expect(!same.isDrifted)
    let other = drift(from: reference, to: try profile("a,c\n1,5\n1,5\n"))
    #expect(other.driftedColumns == ["b", "c"])
    #expect(other.columns.map(\.message) == ["", "b: the column is gone", "c: a new column"])
    var text = "a,b\n"
    for index in 0..<200 { text += "\(index % 4 == 0 ? 2 : 1),5\n" }
    let constant = try profile("a,b\n" + String(repeating: "1,5\n", count: 200))
    #expect(drift(from: constant, to: try profile(text)).driftedColumns == ["a"])
}

@Test func `no single value can blind or trigger`() throws {
    var random = SeededGenerator(4)
    var lines: [String] = []
    for _ in 0..<2_000 { lines.append("\(random.normal())") }
    let reference = try numbers(2_000, &random)
    let plain = try profile("x\n" + lines.joined(separator: "\n") + "\n")
    let before = drift(from: reference, to: plain).columns[0]
    for outlier in ["1e300", "-1e300", "nan", "inf", "1e999", "0"] {
        let current = try profile("x\n" + (lines + [outlier]).joined(separator: "\n") + "\n")
        let after = drift(from: reference, to: current).columns[0]
        #expect(after.isDrifted == before.isDrifted, "\(outlier)")
        let distances = [before, after].map { column in
            column.measurements.first { $0.statistic == .kolmogorovSmirnov }?.value ?? -1
        }
        #expect(abs(distances[0] - distances[1]) <= 1.0 / 2_001 + 0.001, "\(outlier)")
    }
}

@Test func `Kolmogorov and Smirnov's distance is that of SciPy`() throws {
    let a = try profile("x\n" + (1...100).map { "\($0)\n" }.joined())
    let b = try profile("x\n" + (11...130).map { "\($0)\n" }.joined())
    let measurement = try #require(
        drift(from: a, to: b).columns[0].measurements
            .first { $0.statistic == .kolmogorovSmirnov })
    #expect(abs(measurement.value - 0.25) < 1e-12)
    // The exact p-value is 0.00176; the limit distribution errs on the quiet side.
    #expect(measurement.p > 0.00175 && measurement.p < 0.0025)
}
