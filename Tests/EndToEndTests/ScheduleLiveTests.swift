import Daemon
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// The schedule of a running daemon, on the real clock.
    @Suite struct ScheduleLiveTests {
        private static func settings(_ schedule: String) -> String {
            """
            { pipelines: { line: {
                dataset: "points", target: { column: "y" }, features: ["x"],
                trainer: { algorithm: "linear-regression" }, stages: ["production"],
                retrain: { newRows: 0, first: false },
            } },
              schedule: { \(schedule) } }
            """
        }

        @Test func `what is due is journaled and trains, and what was missed comes once`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.drop(
                    ScheduleLiveTests.settings("tick: { every: '2s', retrain: 'line' }"),
                    at: "millrace.json")
                let rows = (0..<100).map { "\($0),\($0 * 2)\n" }.joined()
                try mill.drop("x,y\n" + rows, at: "data/points/a.csv")
                try mill.start()
                let first = try mill.wait(for: ScheduleDue.self)
                #expect(first.payload.due.microseconds % 2_000_000 == 0)
                #expect(first.event.time >= first.payload.due)
                let asked = try mill.wait(for: TrainingRequested.self)
                #expect(asked.payload.reasons.first?.hasPrefix("the schedule's tick, due") == true)
                try mill.wait(for: DeploymentCompleted.self)
                let mark = try mill.mark
                try mill.wait(for: ScheduleDue.self, after: mark)
                try mill.kill()
                let last = try #require(try mill.facts(ScheduleDue.self).last?.payload)
                let status = try mill.run(["status"])
                #expect(status.out.contains("every 2s"), "\(status)")
                // Three of them go by while nobody is here.
                try waitUntil("some are missed") {
                    WallClock.now.seconds(since: last.due) > 6.5
                }
                try mill.start()
                let missed = try mill.wait(for: ScheduleDue.self) { $0.due > last.due }
                #expect(missed.payload.missed >= 2)
                let dues = try mill.facts(ScheduleDue.self).map(\.payload.due)
                #expect(Set(dues).count == dues.count && dues == dues.sorted())
                #expect(try mill.stop() == .exited(0))
            }
        }

        @Test func `a cool-down is looked at again at its end, without new data`() async throws {
            try await Workspace.use { mill in
                let settings = """
                    { pipelines: { line: {
                        dataset: "points", target: { column: "y" }, features: ["x"],
                        trainer: { algorithm: "linear-regression" }, stages: ["production"],
                        champion: { gain: -1000 }, drift: { minimumRows: 100000 },
                        retrain: { newRows: 1, coolDown: "5s" },
                    } } }
                    """
                try mill.drop(settings, at: "millrace.json")
                func rows(_ first: Int) -> String {
                    "x,y\n" + (first..<(first + 100)).map { "\($0),\($0 * 2)\n" }.joined()
                }
                try mill.start()
                try mill.drop(rows(0), at: "data/points/a.csv")
                try mill.wait(for: DeploymentCompleted.self)
                let mark = try mill.mark
                try mill.drop(rows(50), at: "data/points/b.csv")
                // A crowded machine may have needed the whole cool-down for the first training.
                let asked = try mill.wait(for: TrainingRequested.self, after: mark)
                let ended = try mill.facts(CoolDownEnded.self)
                let deferred = try mill.facts(TrainingDeferred.self).filter {
                    $0.payload.until != nil
                }
                #expect(ended.count == deferred.count)
                if let end = ended.first { #expect(asked.event.causation == end.event.id) }
                #expect(try mill.stop() == .exited(0))
            }
        }

        @Test func `mistakes are named with line and key before anything starts`() async throws {
            try await Workspace.use { mill in
                for (schedule, words) in [
                    ("a: { cron: '99 * * * *' }", ["line 6", "schedule.a.cron", "minute"]),
                    (
                        "a: { cron: '* * * * *', zone: 'Europe/Atlantis' }",
                        ["line 6", "schedule.a.zone", "there is no time zone"]
                    ),
                    ("a: { every: '1h', retrain: 'lines' }", ["schedule.a.retrain", "line"]),
                    ("a: {}", ["schedule.a", "either 'cron' or 'every'"]),
                ] {
                    try mill.drop(ScheduleLiveTests.settings(schedule), at: "millrace.json")
                    let answer = try mill.run(["run", "--once"])
                    #expect(answer.code == 3, "\(answer)")
                    for word in words { #expect(answer.err.contains(word), "\(answer)") }
                }
                // Where there is no database, UTC and offsets still work.
                var environment = Workspace.shellEnvironment
                environment["TZDIR"] = mill.root.appending("nowhere").string
                try mill.drop(
                    ScheduleLiveTests.settings("a: { cron: '0 0 * * *', zone: '+05:30' }"),
                    at: "millrace.json")
                #expect(try mill.run(["run", "--once"], environment: environment).code == 0)
                try mill.drop(
                    ScheduleLiveTests.settings("a: { cron: '0 0 * * *', zone: 'Europe/Berlin' }"),
                    at: "millrace.json")
                let answer = try mill.run(["run", "--once"], environment: environment)
                #expect(answer.code == 3 && answer.err.contains("tzdata"), "\(answer)")
            }
        }
    }
}
