import Millrace
import MillraceTesting
import Testing

@Suite struct PromotionTests {
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
    }

    @Test func `a worse challenger is refused with what was measured`() async throws {
        var delays = try DelaysMill()
        try await delays.train(noise: 20)
        try await delays.train(rows: 3000, noise: 5000, seed: 7)
        #expect(delays.mill.deadLetters.isEmpty)
        let refused = try #require(try delays.mill.emitted(PromotionRefused.self).first)
        #expect(refused.version == 2)
        #expect(refused.stage == "staging")
        let measured = try #require(try delays.mill.emitted(ModelEvaluated.self).last)
        #expect(measured.champion == 1)
        #expect(refused.reasons.count == 1)
        #expect(refused.reasons.first?.hasPrefix("auc >= 0.6: auc is 0.5") == true)
        #expect(delays.live(in: "staging") == "-> models/delays/1")
        #expect(delays.live(in: "production") == "-> models/delays/1")
    }
}
