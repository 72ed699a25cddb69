import Millrace
import MillraceTesting
import Testing

@Suite struct PromotionTests {
    private let poor = DelaysMill.settings { $0.features = ["hour"] }

    @Test func `the first model goes through staging to production`() async throws {
        var delays = try DelaysMill()
        try await delays.train(noise: 20)
        #expect(delays.mill.deadLetters.isEmpty)
        #expect(
            delays.mill.story == [
                "dataset.versioned", "training.requested", "run.started", "run.completed",
                "model.versioned", "model.evaluated", "gates.evaluated", "deployment.planned",
                "deployment.completed", "stage.checked", "gates.evaluated", "deployment.planned",
                "deployment.completed", "stage.checked",
            ])
        #expect(delays.live(in: "staging") == "-> models/delays/1")
        #expect(delays.live(in: "production") == "-> models/delays/1")
        let checked = try delays.mill.emitted(StageChecked.self)
        #expect(checked.map(\.passed) == [true, true])
        #expect(checked.first?.checks.last == "it answers 20 held-out rows as after training")
    }

    @Test func `a version below its gates reaches no stage`() async throws {
        var delays = try DelaysMill()
        try await delays.train(noise: 20)
        try await delays.train(rows: 4000, noise: 20000, seed: 7)
        #expect(delays.mill.deadLetters.isEmpty)
        let refused = try #require(try delays.mill.emitted(PromotionRefused.self).first)
        #expect(refused.version == 2)
        #expect(refused.stage == "staging")
        #expect(refused.reasons.count == 1)
        #expect(refused.reasons.first?.hasPrefix("auc >= 0.6: auc is 0.5") == true)
        #expect(delays.live(in: "staging") == "-> models/delays/1")
    }

    @Test func `a worse challenger is refused by what was measured on the same rows`()
        async throws
    {
        var good = try DelaysMill()
        try await good.train(noise: 20)
        var delays = try good.restarted(poor)
        try await delays.train(rows: 500, noise: 20, seed: 3)
        #expect(delays.mill.deadLetters.isEmpty)
        let measured = try #require(try delays.mill.emitted(ModelEvaluated.self).last)
        #expect(measured.version == 2)
        #expect(measured.champion == 1)
        let comparison = try #require(measured.comparison)
        let own = try #require(measured.metrics["auc"])
        let champion = try #require(measured.championMetrics["auc"])
        #expect(abs(comparison.gain - (own - champion)) < 1e-12)
        #expect(comparison.gain < 0)
        #expect(comparison.lowerBound < comparison.gain)
        let refused = try #require(try delays.mill.emitted(PromotionRefused.self).first)
        #expect(refused.stage == "production")
        #expect(refused.reasons.first?.hasPrefix("auc gain over v1 >= 0: auc is 0.") == true)
        #expect(delays.live(in: "staging") == "-> models/delays/2")
        #expect(delays.live(in: "production") == "-> models/delays/1")
    }

    @Test func `a better challenger takes the champion's place`() async throws {
        var weak = try DelaysMill(poor)
        try await weak.train(noise: 20)
        var delays = try weak.restarted()
        try await delays.train(rows: 500, noise: 20, seed: 3)
        #expect(delays.mill.deadLetters.isEmpty)
        #expect(delays.live(in: "production") == "-> models/delays/2")
        let last = try #require(try delays.mill.emitted(DeploymentCompleted.self).last)
        #expect(last.previous == 1)
        #expect(last.stage == "production")
        // It was measured once: nothing had changed between staging and production.
        #expect(try delays.mill.emitted(ModelEvaluated.self).map(\.version) == [1, 2])
    }

    @Test func `a pipeline of one stage holds the challenger against the champion at once`()
        async throws
    {
        let single = DelaysMill.settings { $0.stages = ["production"] }
        var good = try DelaysMill(single)
        try await good.train(rows: 300, noise: 20)
        var poor = single
        poor.pipelines["delays"]?.features = ["hour"]
        var delays = try good.restarted(poor)
        try await delays.train(rows: 300, noise: 20, seed: 3)
        #expect(delays.live(in: "production") == "-> models/delays/1")
        #expect(try delays.mill.emitted(PromotionRefused.self).map(\.stage) == ["production"])
    }

    @Test func `a champion of another target is not compared`() async throws {
        var first = try DelaysMill()
        try await first.train(rows: 300, noise: 20)
        var delays = try first.restarted(DelaysMill.settings { $0.target.above = 5 })
        try await delays.train(rows: 300, noise: 20, seed: 3)
        let refused = try #require(try delays.mill.emitted(PromotionRefused.self).first)
        #expect(refused.reasons.first?.contains("predicts something else") == true)
        #expect(delays.live(in: "production") == "-> models/delays/1")
    }
}
