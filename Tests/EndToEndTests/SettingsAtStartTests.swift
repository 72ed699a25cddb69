import Daemon
import Millrace
import Testing

extension EndToEnd {
    /// A daemon does not start on settings with mistakes, and says all of them.
    @Suite struct SettingsAtStartTests {
        /// Made where it is needed: a parameter of two megabytes takes long to describe.
        private static let garbage: [String: @Sendable () -> [UInt8]] = [
            "nothing": { [] }, "no text": { [0, 0xFF, 0x12, 0x7B] },
            "cut off": { Array("{ pipelines: { delays: ".utf8) }, "a list": { Array("[]".utf8) },
            "one brace too many": { Array("{}}".utf8) },
            "deep": { [UInt8](repeating: UInt8(ascii: "["), count: 100_000) },
            "long": { [UInt8](repeating: UInt8(ascii: " "), count: 2 << 20) },
        ]

        @Test(arguments: garbage.keys.sorted())
        func `garbage is refused`(_ kind: String) async throws {
            let bytes = SettingsAtStartTests.garbage[kind]?() ?? []
            try await Workspace.use { mill in
                try mill.write(bytes, to: mill.layout.settings)
                let run = try mill.run(["run", "--once"])
                #expect(run.code == 3, "\(run)")
                #expect(run.err.contains("millrace.json"))
                #expect(run.err.utf8.count < 2000)
                #expect(try mill.events.isEmpty)
            }
        }

        @Test func `every mistake is told at once, with its line and the nearest key`()
            async throws
        {
            try await Workspace.use { mill in
                let text = """
                    {
                      pipelines: { delays: {
                        dataset: 7,
                        target: { column: "arr_delay", abve: 15 },
                        trainr: { seed: 2 },
                        stages: "staging",
                        gates: [{ metric: "auc", atLeast: "x" }],
                      } },
                      runtme: {},
                      watch: { fileSizeLimit: -1 },
                      plugins: { monitr: {} },
                    }
                    """
                try mill.write(Array(text.utf8), to: mill.layout.settings)
                let run = try mill.run(["run", "--once"])
                #expect(run.code == 3, "\(run)")
                for (line, words) in [
                    (3, ["pipelines.delays.dataset", "a text", "7"]),
                    (4, ["pipelines.delays.target.abve", "\"above\""]),
                    (5, ["pipelines.delays.trainr", "\"trainer\""]),
                    (6, ["pipelines.delays.stages", "a list"]),
                    (7, ["pipelines.delays.gates", "atLeast", "a number"]),
                    (9, ["runtme", "\"runtime\""]), (10, ["watch.fileSizeLimit"]),
                    (11, ["plugins.monitr", "monitor"]),
                ] {
                    let told = run.err.split(separator: "\n").filter {
                        $0.contains("line \(line):")
                    }
                    #expect(told.count == 1, "line \(line) in \(run.err)")
                    for word in words { #expect(told.first?.contains(word) == true, "\(word)") }
                }
                #expect(try mill.events.isEmpty)
            }
        }

        @Test func `settings that others may write are refused, with the command that mends it`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.setMode(0o666, of: "millrace.json")
                let run = try mill.run(["run", "--once"])
                #expect(run.code == 7, "\(run)")
                #expect(run.err.contains("chmod go-w"))
                try mill.setMode(0o644, of: "millrace.json")
                #expect(try mill.run(["run", "--once"]).code == 0)
            }
        }
    }
}
