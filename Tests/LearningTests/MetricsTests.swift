import Testing

@testable import Learning

struct MetricsTests {
    // Known from scikit-learn 1.7.
    private let labels: [Double] = [0, 0, 1, 0, 1, 1, 0, 1]
    private let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9, 0.6, 0.4]

    @Test func `classification metrics are those of scikit-learn`() throws {
        let metrics = try evaluate(scores, outcomes: labels, task: .binaryClassification)
        let expected: [(MetricName, Double)] = [
            (.auc, 0.5), (.logLoss, 0.7662098609546109), (.brier, 0.29031250000000003),
            (.accuracy, 0.375), (.precision, 1.0 / 3), (.recall, 0.25), (.f1, 2.0 / 7),
        ]
        for (name, value) in expected {
            let found = try #require(metrics[name])
            #expect(abs(found - value) < 1e-14, "\(name)")
        }
        #expect(metrics.rowCount == 8)
        #expect(
            metrics.values.map(\.name) == [
                .auc, .logLoss, .brier, .calibrationError, .accuracy, .precision, .recall, .f1,
            ])
    }

    @Test func `regression metrics are those of scikit-learn`() throws {
        let metrics = try evaluate(
            [1.5, 2, 2, 6, 5, 8, 7, 9], outcomes: [1, 2, 2.5, 7, 4, 9, 6, 10], task: .regression)
        let expected: [(MetricName, Double)] = [
            (.rmse, 0.82915619758885), (.mae, 0.75), (.r2, 0.9294589178356714),
        ]
        for (name, value) in expected {
            let found = try #require(metrics[name])
            #expect(abs(found - value) < 1e-14, "\(name)")
        }
    }

    @Test func `calibration compares probability and frequency in ten bins`() throws {
        // Bin 0.1: two rows at 0.15, one positive: off by 0.35. Bin 0.9: one row, off by 0.05.
        let metrics = try evaluate(
            [0.15, 0.15, 0.95], outcomes: [0, 1, 1], task: .binaryClassification)
        let error = try #require(metrics[.calibrationError])
        #expect(abs(error - 0.25) < 1e-15)
    }

    @Test func `the area under the curve is the share of pairs in order, ties half`() throws {
        var random = TestRandom(4)
        for _ in 0..<30 {
            let outcomes = (0..<25).map { _ in random.unit() < 0.4 ? 1.0 : 0 }
            let answers = (0..<25).map { _ in (random.unit() * 6).rounded() / 6 }
            guard outcomes.contains(0), outcomes.contains(1) else { continue }
            var (wins, pairs) = (0.0, 0.0)
            for i in 0..<25 where outcomes[i] == 1 {
                for j in 0..<25 where outcomes[j] == 0 {
                    pairs += 1
                    if answers[i] > answers[j] { wins += 1 }
                    if answers[i] == answers[j] { wins += 0.5 }
                }
            }
            let metrics = try evaluate(answers, outcomes: outcomes, task: .binaryClassification)
            let area = try #require(metrics[.auc])
            #expect(abs(area - wins / pairs) < 1e-14)
        }
    }

    @Test func `rows without an outcome are left out`() throws {
        let all = try evaluate(scores, outcomes: labels, task: .binaryClassification)
        let more = try evaluate(
            scores + [0.7], outcomes: labels + [.nan], task: .binaryClassification)
        #expect(all == more)
    }

    @Test func `one class has no area under the curve, and everything else`() throws {
        let metrics = try evaluate([0.2, 0.4], outcomes: [0, 0], task: .binaryClassification)
        #expect(metrics[.auc] == nil)
        #expect(metrics[.accuracy] == 1)
        #expect(metrics.values.allSatisfy { $0.value.isFinite })
    }

    @Test(
        arguments: [
            ([0.5], [0.0, 1]), ([0.5], [2]), ([.nan], [1]), ([.infinity], [1]), ([], []),
            ([0.5], [.nan]), ([0.5], [.infinity]),
        ] as [([Double], [Double])])
    func `what cannot be measured is refused`(answers: [Double], outcomes: [Double]) {
        #expect(throws: LearningError.self) {
            try evaluate(answers, outcomes: outcomes, task: .binaryClassification)
        }
    }

    @Test func `a certain and wrong answer costs much, not infinitely much`() throws {
        let metrics = try evaluate([0, 1], outcomes: [1, 0], task: .binaryClassification)
        let loss = try #require(metrics[.logLoss])
        #expect(loss > 34 && loss < 35)
    }
}
