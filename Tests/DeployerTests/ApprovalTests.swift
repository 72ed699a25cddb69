import Millrace
import MillraceTesting
import Testing

@Suite struct ApprovalTests {
    private let guarded = DelaysMill.settings { $0.approval = ["production"] }

    private func waiting() async throws -> DelaysMill {
        var delays = try DelaysMill(guarded)
        try await delays.train(rows: 300, noise: 20)
        return delays
    }

    @Test func `a stage with approval waits, and a command releases it`() async throws {
        let delays = try await waiting()
        #expect(try delays.mill.emitted(ApprovalRequested.self).map(\.stage) == ["production"])
        #expect(delays.live(in: "production") == nil)
        try await delays.command("approve", ["comment": "looks right"])
        let decided = try #require(try delays.mill.emitted(ApprovalDecided.self).first)
        #expect(decided.approved)
        #expect(decided.uid == 1000)
        #expect(decided.comment == "looks right")
        #expect(delays.live(in: "production") == "-> models/delays/1")
        let plan = try #require(try delays.mill.emitted(DeploymentPlanned.self).last)
        #expect(plan.reason.hasPrefix("approved by uid 1000: looks right; auc is 0."))
    }

    @Test func `a rejected version stays where it is, and cannot be approved afterwards`()
        async throws
    {
        let delays = try await waiting()
        try await delays.command("reject", ["version": 1, "stage": "production"])
        #expect(try delays.mill.emitted(ApprovalDecided.self).map(\.approved) == [false])
        #expect(try delays.mill.emitted(PromotionRefused.self).count == 1)
        try await delays.command("approve")
        #expect(try delays.mill.emitted(ApprovalDecided.self).count == 1)
        #expect(delays.live(in: "production") == nil)
    }

    @Test(
        arguments: [
            ["version": 2], ["stage": "staging"], ["version": "many"], ["version": 1.5],
        ] as [[String: JSONValue]])
    func `only what waits can be approved`(arguments: [String: JSONValue]) async throws {
        let delays = try await waiting()
        let before = delays.mill.story
        try await delays.command("approve", arguments)
        #expect(delays.mill.story == before + ["command.received", "command.declined"])
        let declined = try #require(try delays.mill.emitted(CommandDeclined.self).last)
        #expect(declined.command == "approve" && !declined.reason.isEmpty)
        #expect(delays.mill.deadLetters.isEmpty)
    }

    @Test func `a version's number may be written with its letter`() async throws {
        let delays = try await waiting()
        try await delays.command("approve", ["version": "v1"])
        #expect(delays.live(in: "production") == "-> models/delays/1")
    }

    @Test func `a newer version takes the older one's place in the queue`() async throws {
        var delays = try await waiting()
        try await delays.train(rows: 300, noise: 20, seed: 5)
        try await delays.command("approve", ["version": 1])
        #expect(delays.live(in: "production") == nil)
        try await delays.command("approve")
        #expect(delays.live(in: "production") == "-> models/delays/2")
    }

    @Test func `an approval against a champion that is gone is measured again`() async throws {
        var delays = try await waiting()
        try await delays.command("approve")
        try await delays.train(rows: 300, noise: 20, seed: 5)
        // Version 2 waits, measured against version 1. Without the wait version 3 goes live first.
        var open = try delays.restarted()
        try await open.train(rows: 300, noise: 20, seed: 6)
        let live = try #require(open.live(in: "production"))
        let count = try open.mill.emitted(ModelEvaluated.self).count
        try await open.command("approve", ["version": 2])
        let evaluations = try open.mill.emitted(ModelEvaluated.self)
        if live == "-> models/delays/3" {
            #expect(evaluations.count == count + 1)
            #expect(evaluations.last?.champion == 3)
        }
        #expect(open.mill.deadLetters.isEmpty)
    }

    @Test func `a command of another plugin is passed over`() async throws {
        let delays = try await waiting()
        let before = delays.mill.story
        try await delays.command("annotate")
        #expect(delays.mill.story == before + ["command.received"])
    }
}
