import Millrace
import MillraceTesting
import Testing

@Suite struct ChangedSettingsTests {
    private func resumed(
        _ settings: WorkspaceSettings, before type: String
    ) async throws -> DelaysMill {
        var first = try DelaysMill()
        try await first.train(rows: 300, noise: 20)
        let index = try #require(first.mill.log.events.firstIndex { $0.type == type })
        let delays = try first.restarted(settings, keeping: index)
        try await delays.mill.emit(DaemonStopped(reason: "to wait until all is done"))
        return delays
    }

    @Test(arguments: ["model.evaluated", "deployment.completed", "gates.evaluated"])
    func `a pipeline that is gone ends the way of its versions`(type: String) async throws {
        let delays = try await resumed(WorkspaceSettings(), before: type)
        #expect(delays.mill.deadLetters.isEmpty)
        let refused = try delays.mill.emitted(PromotionRefused.self)
        #expect(refused.count == 1)
        #expect(refused.first?.reasons == ["the settings no longer have the pipeline delays"])
    }

    @Test func `a stage that is gone is not deployed to`() async throws {
        let other = DelaysMill.settings { $0.stages = ["canary", "production"] }
        let delays = try await resumed(other, before: "deployment.completed")
        #expect(delays.mill.deadLetters.isEmpty)
        let refused = try delays.mill.emitted(PromotionRefused.self)
        #expect(refused.first?.reasons == ["the settings no longer have the stage staging"])
        #expect(try delays.mill.emitted(DeploymentCompleted.self).isEmpty)
    }

    @Test func `tighter gates hold for a version that is under way`() async throws {
        var first = try DelaysMill()
        try await first.train(rows: 300, noise: 20)
        let checked = try #require(
            first.mill.log.events.firstIndex { $0.type == StageChecked.type })
        let tight = DelaysMill.settings { $0.gates[0].atLeast = 0.9999 }
        let delays = try first.restarted(tight, keeping: checked + 2)
        try await delays.mill.emit(DaemonStopped(reason: "to wait until all is done"))
        #expect(try delays.mill.emitted(PromotionRefused.self).map(\.stage) == ["production"])
    }
}
