import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// Settings that change while the daemon runs.
    @Suite struct SettingsChangeTests {
        @Test func `a bad change is refused and the old settings stay, a good one takes effect`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.start()
                let good = try mill.text("millrace.json")
                // A gate that nothing passes shows which settings are in force.
                try mill.drop(
                    good.changing("atLeast: [0-9.]+", to: "atLeast: 0.5, atMst: 1"),
                    at: "millrace.json")
                let refused = try mill.wait(for: SettingsRefused.self)
                let line = try #require(
                    good.split(separator: "\n", omittingEmptySubsequences: false)
                        .firstIndex { $0.contains("atLeast:") })
                #expect(refused.payload.problems.count == 1)
                #expect(refused.payload.problems.first?.contains("line \(line + 1):") == true)
                #expect(refused.payload.problems.first?.contains("atMost") == true)
                try mill.drop(try mill.flights("01", every: 10), at: "data/flights/a.csv")
                try mill.wait(for: StageChecked.self) { $0.stage == "production" }
                #expect(try mill.facts(SettingsAccepted.self).count == 1)

                try mill.drop(
                    good.changing("atLeast: [0-9.]+", to: "atLeast: 0.99")
                        .changing("newRows: [0-9]+", to: "newRows: 100"),
                    at: "millrace.json")
                let mark = refused.event.sequence
                let accepted = try mill.wait(for: SettingsAccepted.self, after: mark)
                let pipeline = try #require(accepted.payload.settings.pipelines["delays"])
                #expect(pipeline.gates.map(\.atLeast) == [0.99])
                try mill.drop(try mill.flights("02", every: 10), at: "data/flights/b.csv")
                let gates = try mill.wait(
                    for: GatesEvaluated.self, after: accepted.event.sequence)
                #expect(!gates.payload.passed)
                #expect(mill.link("deployments/production/delays")?.hasSuffix("/1") == true)
                #expect(try mill.stop() == .exited(0))
            }
        }

        @Test func `what is said about watching takes effect while the daemon runs`() async throws {
            try await Workspace.use { mill in
                try mill.start()
                func change(_ settings: String) throws {
                    let before = try mill.facts(SettingsAccepted.self).count
                    try mill.drop(settings, at: "millrace.json")
                    try waitUntil("the settings are in force") {
                        try mill.facts(SettingsAccepted.self).count > before
                    }
                    try #require(try mill.run(["sync"]).code == 0)
                }
                func arrived() throws -> [String] {
                    try #require(try mill.run(["sync"]).code == 0)
                    return try mill.facts(FileArrived.self).map(\.payload)
                        .filter { $0.area.kind == .dataset }.map(\.path.description)
                }
                try mill.drop("x\n1\n", at: "data/a/before.csv")
                #expect(try arrived() == ["data/a/before.csv"])

                try change(
                    """
                    { watch: { ignore: ["*.skip"], fileSizeLimit: 1000 },
                      datasets: { a: { set: { marker: "_SUCCESS" } } } }
                    """)
                try mill.drop("x\n2\n", at: "data/b/one.skip")
                try mill.drop([UInt8](repeating: 120, count: 2000), at: "data/b/large.csv")
                try mill.drop("x\n3\n", at: "data/a/1.csv")
                try mill.drop("x\n4\n", at: "data/a/2.csv")
                #expect(try arrived() == ["data/a/before.csv"])
                #expect(
                    try mill.facts(FileRefused.self).map(\.payload.path.name) == ["large.csv"])

                // The set that was waiting is none any more, and what was passed over is an input.
                try change("{}")
                let expected = ["a/1.csv", "a/2.csv", "a/before.csv", "b/large.csv", "b/one.skip"]
                #expect(try arrived().sorted() == expected.map { "data/" + $0 })
                // Nothing else was taken for new.
                let removed = try mill.facts(FileRemoved.self).map(\.payload.area.kind)
                #expect(!removed.contains(.dataset))
            }
        }

        @Test func `SIGHUP reads the settings again and ends nothing`() async throws {
            try await Workspace.use { mill in
                let socket = try NotifySocket(mill.root.appending(".hup"))
                var environment = Workspace.shellEnvironment
                environment["NOTIFY_SOCKET"] = socket.path.string
                let child = try mill.spawn([], environment: environment)
                mill.daemon = child
                try socket.wait(for: "READY=1", from: child) { mill.logTail }
                let good = try mill.text("millrace.json")
                // Written in place and not renamed: it is seen all the same.
                try mill.write(
                    Array(good.changing("seed: [0-9]+", to: "seed: 7").utf8),
                    to: mill.layout.settings)
                try mill.signal(SIGHUP)
                try socket.wait(for: "RELOADING=1", from: child) { mill.logTail }
                try socket.wait(for: "READY=1", from: child) { mill.logTail }
                let accepted = try mill.facts(SettingsAccepted.self)
                #expect(accepted.count == 2)
                #expect(accepted.last?.payload.settings.pipelines["delays"]?.trainer.seed == 7)
                // From here on nobody reads the socket: a manager that does not listen holds up
                // nothing, though its queue is full after about ten messages.
                let mark = try mill.mark
                for number in 0..<20 {
                    try mill.signal(SIGHUP)
                    try mill.drop("x\n\(number)\n", at: "data/flights/\(number).csv")
                    try mill.wait(for: FileArrived.self, after: mark) {
                        $0.path.name == "\(number).csv"
                    }
                }
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                try mill.wait(for: FileArrived.self, after: mark) { $0.path.name == "a.csv" }
                #expect(try mill.stop() == .exited(0))
            }
        }
    }
}
