import Millrace
import MillraceTesting
import Testing

@Suite struct RollbackTests {
    /// Two versions that were both in production.
    private func two() async throws -> DelaysMill {
        let lenient = DelaysMill.settings { $0.champion.gain = -1 }
        var delays = try DelaysMill(lenient)
        try await delays.train(rows: 300, noise: 20)
        try await delays.train(rows: 300, noise: 20, seed: 5)
        try #require(delays.live(in: "production") == "-> models/delays/2")
        return delays
    }

    @Test func `a command moves production back, and nothing is promoted by that`() async throws {
        let delays = try await two()
        let before = delays.mill.story
        try await delays.command("rollback", ["comment": "complaints"])
        #expect(delays.live(in: "production") == "-> models/delays/1")
        #expect(
            delays.mill.story == before + [
                "command.received", "deployment.planned", "deployment.completed",
                "stage.checked",
            ])
        let last = try #require(try delays.mill.emitted(DeploymentCompleted.self).last)
        #expect(last.isRollback)
        #expect(last.previous == 2)
        let plan = try #require(try delays.mill.emitted(DeploymentPlanned.self).last)
        #expect(plan.reason == "rollback from v2 asked by uid 1000: complaints")
    }

    @Test func `a rollback in an early stage does not send the version on`() async throws {
        let delays = try await two()
        try await delays.command("rollback", ["stage": "staging"])
        #expect(delays.live(in: "staging") == "-> models/delays/1")
        #expect(delays.live(in: "production") == "-> models/delays/2")
    }

    @Test(
        arguments: [
            ["version": 2], ["version": 9], ["stage": "canary"], ["version": true],
        ] as [[String: JSONValue]])
    func `what cannot be rolled back to changes nothing`(
        arguments: [String: JSONValue]
    )
        async throws
    {
        let delays = try await two()
        let before = delays.mill.story
        try await delays.command("rollback", arguments)
        #expect(delays.mill.story == before + ["command.received", "command.declined"])
        #expect(delays.live(in: "production") == "-> models/delays/2")
    }

    @Test func `the first version has nothing behind it`() async throws {
        let delays = try await two()
        try await delays.command("rollback")
        let before = delays.mill.story
        try await delays.command("rollback")
        #expect(delays.mill.story == before + ["command.received", "command.declined"])
    }

    /// The events up to where version 2 is about to be switched into staging.
    private func beforeSwitch(_ delays: DelaysMill) -> Int {
        delays.count(before: DeploymentCompleted.self) { $0.version == 2 }
    }

    @Test func `a version whose bytes were changed gives its place back`() async throws {
        let first = try await two()
        let release = try #require(WorkspacePath(escaped: "models/delays/2/model.json"))
        try first.mill.world.outputs.write(Array("{}".utf8), to: release)
        let delays = try first.restarted(keeping: beforeSwitch(first))
        try await delays.mill.emit(DaemonStopped(reason: "to wait until all is done"))
        let checks = try delays.mill.emitted(StageChecked.self).suffix(2)
        #expect(checks.map(\.version) == [2, 1])
        #expect(checks.map(\.passed) == [false, true])
        #expect(checks.first?.checks.last?.contains("was changed") == true)
        #expect(delays.live(in: "staging") == "-> models/delays/1")
        let plan = try #require(try delays.mill.emitted(DeploymentPlanned.self).last)
        #expect(plan.isRollback)
        #expect(plan.reason == "v2 failed its check in staging")
    }

    @Test func `two broken versions do not take turns`() async throws {
        let first = try await two()
        for version in 1...2 {
            let release = try #require(
                WorkspacePath(escaped: "models/delays/\(version)/examples.json"))
            try first.mill.world.outputs.remove(release)
        }
        let delays = try first.restarted(keeping: beforeSwitch(first))
        try await delays.mill.emit(DaemonStopped(reason: "to wait until all is done"))
        let checks = try delays.mill.emitted(StageChecked.self).suffix(2)
        #expect(checks.map(\.passed) == [false, false])
        #expect(
            delays.mill.story.last == "stage.checked" || delays.mill.story.last == "daemon.stopped")
        #expect(delays.mill.deadLetters.isEmpty)
    }
}
