import Deployer
import Millrace
import Testing

@Suite struct GateBookTests {
    private func gate(_ metric: String, atLeast: Double? = nil, atMost: Double? = nil) -> Gate {
        var gate = Gate()
        gate.metric = metric
        gate.atLeast = atLeast
        gate.atMost = atMost
        return gate
    }

    private func evaluation(
        _ metrics: [String: Double], champion: Int? = nil, championMetrics: [String: Double] = [:],
        comparison: ModelEvaluated.Comparison? = nil, rows: Int = 100, notes: [String] = []
    ) -> ModelEvaluated {
        ModelEvaluated(
            model: "m", version: 2, rows: rows, metrics: metrics, champion: champion,
            championMetrics: championMetrics, comparison: comparison, notes: notes)
    }

    @Test(
        arguments: [
            (0.6, nil, true), (0.7, nil, false), (0.60001, nil, false), (nil, 0.6, true),
            (nil, 0.5, false), (0.5, 0.7, true), (0.7, 0.9, false), (0.1, 0.5, false),
            (nil, nil, true),
        ] as [(Double?, Double?, Bool)])
    func `a bound holds or not, both ends included`(
        low: Double?, high: Double?, passed: Bool
    ) {
        let result = GateBook.result(
            of: gate("auc", atLeast: low, atMost: high), on: evaluation(["auc": 0.6]))
        #expect(result.passed == passed)
        #expect(result.found == "auc is 0.6")
    }

    @Test func `a gate is written as a person would`() {
        #expect(GateBook.text(of: gate("auc", atLeast: 0.6)) == "auc >= 0.6")
        #expect(GateBook.text(of: gate("rmse", atMost: 12)) == "rmse <= 12")
        #expect(GateBook.text(of: gate("s", atLeast: 0.2, atMost: 0.4)) == "0.2 <= s <= 0.4")
    }

    @Test func `a metric that was not measured fails and says what there is`() {
        let result = GateBook.result(
            of: gate("acu", atLeast: 0), on: evaluation(["auc": 0.7, "brier": 0.1]))
        #expect(!result.passed)
        #expect(result.found == "acu was not measured; there are auc, brier")
    }

    @Test func `without held-out rows every gate fails with the reason`() {
        let result = GateBook.result(of: gate("auc", atLeast: 0), on: evaluation([:], rows: 0))
        #expect(!result.passed)
        #expect(result.found == "auc was not measured: no rows were held out")
    }

    @Test func `a metric that is no number fails`() {
        let result = GateBook.result(
            of: gate("auc", atMost: 1), on: evaluation(["auc": .infinity]))
        #expect(!result.passed)
    }

    @Test(arguments: [
        (0.01, 0.0, true), (0.0, 0.0, true), (-0.001, 0.0, false),
        (-0.001, -0.01, true), (0.004, 0.005, false),
    ])
    func `the gain over the champion decides`(gain: Double, asked: Double, passed: Bool) {
        let measured = evaluation(
            ["auc": 0.7 + gain], champion: 1, championMetrics: ["auc": 0.7],
            comparison: .init(metric: "auc", gain: gain, lowerBound: gain - 0.02), rows: 500)
        let result = GateBook.result(against: 1, metric: "auc", gain: asked, on: measured)
        #expect(result.passed == passed)
        #expect(result.gate == "auc gain over v1 >= \(Figure.exact(asked))")
        #expect(result.found.contains("v1 has 0.7 on the same 500 rows"))
    }

    @Test func `a measurement against another champion decides nothing`() {
        let measured = evaluation(
            ["auc": 0.9], champion: 1, championMetrics: ["auc": 0.5],
            comparison: .init(metric: "auc", gain: 0.4, lowerBound: 0.3))
        let result = GateBook.result(against: 3, metric: "auc", gain: 0, on: measured)
        #expect(!result.passed)
        #expect(result.found == "it was measured against v1, and v3 is live")
    }

    @Test func `a champion that could not be measured is not beaten`() {
        let measured = evaluation(
            ["auc": 0.9], champion: 1, notes: ["v1 could not be measured: no column x"])
        let result = GateBook.result(against: 1, metric: "auc", gain: 0, on: measured)
        #expect(!result.passed)
        #expect(result.found.contains("no column x"))
    }

    @Test func `reported metrics are compared in the metric's own direction`() {
        let measured = evaluation(
            ["rmse": 9, "auc": 0.6], champion: 1, championMetrics: ["rmse": 10, "auc": 0.7],
            notes: ["reported"])
        #expect(GateBook.result(against: 1, metric: "rmse", gain: 0.5, on: measured).passed)
        let auc = GateBook.result(against: 1, metric: "auc", gain: 0, on: measured)
        #expect(!auc.passed)
        #expect(auc.found == "auc is 0.6, v1 has 0.7: gain -0.1 (reported)")
    }

    @Test(arguments: [
        (0.599996, 0.6, "0.599996"), (0.6, 0.6, "0.6"), (0.67123, 0.6, "0.6712"),
        (-0.00000012, 0, "-0.0000001"), (1234.56, 1000, "1234.6"), (0, 0.6, "0"),
    ])
    func `a rounded figure never contradicts its verdict`(
        value: Double, bound: Double, text: String
    ) {
        let shown = Figure.text(value, near: bound)
        #expect((Double(shown).map { $0 >= bound }) == (value >= bound))
        if !text.contains("-0.0000001") { #expect(shown == text) }
    }
}
