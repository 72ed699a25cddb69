import Testing

@testable import Learning

struct ComparisonTests {
    @Test func `quantiles of the normal distribution`() {
        #expect(abs(normalQuantile(0.975) - 1.959963984540054) < 1e-12)
        #expect(abs(normalQuantile(0.95) - 1.6448536269514722) < 1e-12)
        #expect(abs(normalQuantile(0.5)) < 1e-12)
    }

    @Test func `the error of a difference of means is that of the paired differences`() throws {
        // Brier losses 0.04, 0.16, 0.09, 0.25 against 0.01, 0.09, 0.16, 0.04.
        let result = try compare(
            champion: [0.2, 0.4, 0.7, 0.5], challenger: [0.1, 0.3, 0.6, 0.8],
            outcomes: [0, 0, 1, 1], metric: .brier)
        // Differences -0.03, -0.07, 0.07, -0.21: mean -0.06, sample variance 0.01346667.
        #expect(abs(result.improvement - 0.06) < 1e-15)
        #expect(abs(result.standardError - (0.0404 / 3 / 4).squareRoot()) < 1e-15)
        #expect(abs(result.upper - result.improvement - 1.959964 * result.standardError) < 1e-6)
        #expect(result.rowCount == 4)
    }

    @Test func `the error of a difference of areas is DeLong's`() throws {
        var random = TestRandom(12)
        let outcomes = (0..<40).map { _ in random.unit() < 0.5 ? 1.0 : 0 }
        let old = outcomes.map { ($0 + 2 * random.normal() * 1).rounded() / 4 }
        let new = outcomes.map { ($0 + random.normal()).rounded() / 4 }
        let result = try compare(
            champion: old, challenger: new, outcomes: outcomes, metric: .auc)
        // By the definition: each row's share of the other class that it beats.
        func wins(_ a: Double, _ b: Double) -> Double { a > b ? 1 : a == b ? 0.5 : 0 }
        let (ones, zeros) = (
            outcomes.indices.filter { outcomes[$0] == 1 },
            outcomes.indices.filter { outcomes[$0] == 0 }
        )
        func difference(_ i: Int, _ j: Int) -> Double {
            wins(new[i], new[j]) - wins(old[i], old[j])
        }
        let positive = ones.map { i in
            zeros.reduce(0) { $0 + difference(i, $1) } / Double(zeros.count)
        }
        let negative = zeros.map { j in
            ones.reduce(0) { $0 + difference($1, j) } / Double(ones.count)
        }
        func variance(_ values: [Double]) -> Double {
            let mean = values.reduce(0, +) / Double(values.count)
            let sum = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return sum / Double(values.count - 1) / Double(values.count)
        }
        let error = (variance(positive) + variance(negative)).squareRoot()
        #expect(abs(result.standardError - error) < 1e-12)
        #expect(abs(result.improvement - positive.reduce(0, +) / Double(ones.count)) < 1e-12)
    }

    @Test(arguments: [MetricName.auc, .logLoss, .accuracy])
    func `two equally good models seldom differ`(metric: MetricName) throws {
        var random = TestRandom(77)
        var found = 0
        for _ in 0..<200 {
            let truth = (0..<150).map { _ in random.unit() }
            let outcomes = truth.map { random.unit() < $0 ? 1.0 : 0 }
            let old = truth.map { min(max($0 + 0.2 * random.normal(), 0.01), 0.99) }
            let new = truth.map { min(max($0 + 0.2 * random.normal(), 0.01), 0.99) }
            let result = try compare(
                champion: old, challenger: new, outcomes: outcomes, metric: metric)
            if result.lower > 0 || result.upper < 0 { found += 1 }
        }
        // 5 % of 200 are expected; 25 or more would happen once in ten thousand times.
        #expect(found < 25)
    }

    @Test func `a clearly better model is found better, whichever way the metric points`() throws {
        let outcomes = (0..<100).map { Double($0 % 2) }
        let good = outcomes.enumerated().map { $1 * 0.6 + 0.2 + Double($0 % 7) * 0.01 }
        let poor = outcomes.enumerated().map { Double($0 % 10) / 10 * 0.9 + $1 * 0.05 }
        for metric in [MetricName.auc, .logLoss, .brier, .accuracy] {
            let result = try compare(
                champion: poor, challenger: good, outcomes: outcomes, metric: metric)
            #expect(result.lower > 0, "\(metric)")
            let back = try compare(
                champion: good, challenger: poor, outcomes: outcomes, metric: metric)
            #expect(abs(back.improvement + result.improvement) < 1e-12)
        }
        for metric in [MetricName.rmse, .mae] {
            let result = try compare(
                champion: poor, challenger: good, outcomes: outcomes, metric: metric)
            #expect(result.lower > 0, "\(metric)")
        }
    }

    @Test func `a model compared with itself differs by nothing, exactly`() throws {
        let outcomes: [Double] = [0, 1, 0, 1]
        for metric in [MetricName.auc, .rmse] {
            let result = try compare(
                champion: [0.2, 0.3, 0.4, 0.9], challenger: [0.2, 0.3, 0.4, 0.9],
                outcomes: outcomes, metric: metric)
            #expect(result.improvement == 0 && result.lower == 0 && result.upper == 0)
        }
    }

    @Test func `what cannot be compared is refused`() {
        let (a, outcomes) = ([0.1, 0.2, 0.3], [0.0, 1, 1])
        #expect(throws: LearningError.self) {
            try compare(champion: a, challenger: a, outcomes: outcomes, metric: .f1)
        }
        #expect(throws: LearningError.self) {
            try compare(champion: a, challenger: a, outcomes: outcomes, metric: .auc)
        }
        #expect(throws: LearningError.self) {
            try compare(
                champion: a, challenger: a, outcomes: outcomes, metric: .brier, confidence: 1)
        }
        #expect(throws: LearningError.self) {
            try compare(champion: a, challenger: [0.1], outcomes: outcomes, metric: .brier)
        }
    }
}
