import Daemon
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// A version is made again from its record, and what comes out is compared.
    @Suite struct ReproduceTests {
        @Test func `a built-in trainer gives the same bytes, and the workspace is left alone`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                #expect(try mill.run(["run", "--once"]).code == 0)
                let mark = try mill.mark
                // What the version was made from is in the vault, not in the folder.
                try Files.unlink(mill.root.appending("data/flights/a.csv"))
                let again = mill.root.parent.appending("again-\(mill.root.name.string).json")
                defer { try? Files.unlink(again) }
                let run = try mill.run(["reproduce", "delays", "-o", again.string])
                #expect(run.code == 0, "\(run)")
                #expect(run.out.contains("delays v1, made again from its record: the same bytes"))
                #expect(
                    try Files.read(again, limit: 1 << 20)
                        == Files.read(
                            mill.root.appending("models/delays/1/model.json"), limit: 1 << 20))
                #expect(try mill.mark == mark)
                let missing = try mill.run(["reproduce", "delays@7"])
                #expect(missing.code == 4 && missing.err.contains("delays@1"), "\(missing)")
                #expect(try mill.run(["reproduce", "nothing"]).code == 4)
            }
        }

        @Test(arguments: [true, false])
        func `a program of the user's is run again, and told when it leaves things to chance`(
            _ usesSeed: Bool
        ) async throws {
            try await Workspace.use { mill in
                try mill.write(Array(Self.settings.utf8), to: mill.layout.settings)
                let source =
                    usesSeed ? "echo $MILLRACE_SEED" : "cat /proc/sys/kernel/random/uuid"
                try mill.drop(
                    """
                    #!/bin/sh
                    cat "$MILLRACE_TRAIN_DATA"/*.csv > "$MILLRACE_OUTPUT/model.bin"
                    \(source) >> "$MILLRACE_OUTPUT/model.bin"
                    echo '{"auc": 0.9}' > "$MILLRACE_OUTPUT/metrics.json"

                    """, at: "code/delays/train.sh")
                try mill.drop(try mill.flights("01", every: 50), at: "data/flights/a.csv")
                #expect(try mill.run(["run", "--once"]).code == 0)
                let run = try mill.run(["reproduce", "delays@1", "--json"])
                #expect(run.code == (usesSeed ? 0 : 1), "\(run)")
                let answer = try JSONValue(parsing: Array(run.out.utf8))
                #expect(answer["same"]?.boolValue == usesSeed)
                let page = try mill.run(["reproduce", "delays@1"])
                #expect(page.out.contains("something to chance") != usesSeed, "\(page)")
            }
        }

        private static let settings = """
            { pipelines: { delays: { dataset: "flights", target: { column: "arr_delay", above: 15 },
              trainer: { algorithm: "command", command: ["train.sh"] },
              gates: [{ metric: "auc", atLeast: 0.5 }] } } }
            """
    }
}
