import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// `millrace run --once`, for cron and CI: the exit code is the outcome.
    @Suite struct OnceTests {
        @Test func `it does everything, ends, and leaves no process behind`() async throws {
            try await Workspace.use { mill in
                try mill.drop(try mill.flights("01", every: 10), at: "data/flights/a.csv")
                let run = try mill.run(["run", "--once"])
                #expect(run.code == 0, "\(run)")
                #expect(mill.link("deployments/production/delays") == "../../models/delays/1")
                #expect(try mill.facts(StageChecked.self).last?.payload.stage == "production")
                #expect(try mill.types().last == DaemonStopped.type)
                #expect(try processes(mill) == [])
                #expect(mill.jobFolders.isEmpty)

                // Nothing new: nothing is done again.
                let mark = try mill.mark
                #expect(try mill.run(["run", "--once"]).code == 0)
                #expect(
                    try mill.types(after: mark) == [DaemonStarted.type, DaemonStopped.type])
            }
        }

        @Test func `a rejected drop is a no, once`() async throws {
            try await Workspace.use { mill in
                try mill.drop("x\n", at: "data/flights/bad.csv")
                let run = try mill.run(["run", "--once"])
                #expect(run.code == 1, "\(run)")
                #expect(run.err.contains("data.rejected: 1"))
                #expect(try processes(mill) == [])
                // It was told; the next time all is well.
                #expect(try mill.run(["run", "--once"]).code == 0)
                #expect(try mill.facts(DataRejected.self).count == 1)
            }
        }

        @Test func `a file that is no input is refused once for each of its versions`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.drop("x,y\n1,2\n", at: "data/stray.csv")
                #expect(try mill.run(["run", "--once"]).code == 1)
                for _ in 0..<2 { #expect(try mill.run(["run", "--once"]).code == 0) }
                #expect(try mill.facts(FileRefused.self).count == 1)
                // Other bytes are another version.
                try mill.drop("x,y\n3,4\n", at: "data/stray.csv")
                #expect(try mill.run(["run", "--once"]).code == 1)
                #expect(try mill.facts(FileRefused.self).count == 2)
            }
        }

        @Test func `a file that is no input and goes is refused no more`() async throws {
            try await Workspace.use { mill in
                let (here, there) = ("data/stray.csv", "metrics/stray.csv")
                try mill.drop("x,y\n1,2\n", at: here)
                #expect(try mill.run(["run", "--once"]).code == 1)
                try Files.rename(mill.root.appending(here), mill.root.appending(there))
                #expect(try mill.run(["run", "--once"]).code == 1)
                #expect(try mill.run(["status"]).out.contains("not taken: \(there)"))
                try Files.unlink(mill.root.appending(there))
                for _ in 0..<2 { #expect(try mill.run(["run", "--once"]).code == 0) }
                let refused = try mill.facts(FileRefused.self).map(\.payload.path.description)
                #expect(refused == [here, there])
                let removed = try mill.facts(FileRemoved.self).map(\.payload.path.description)
                #expect(removed == [here, there])
                #expect(try !mill.run(["status"]).out.contains("not taken"))
            }
        }

        @Test func `what came while nothing ran is taken in, in the order of its subjects`()
            async throws
        {
            try await Workspace.use { mill in
                #expect(try mill.run(["run", "--once"]).code == 0)
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                try mill.drop("x\n", at: "data/flights/b.csv")
                try mill.drop(
                    #"{"command": "retrain", "about": "pipeline/delays"}"#,
                    at: "inbox/retrain.json")
                #expect(try mill.run(["run", "--once"]).code == 1)
                #expect(try mill.facts(DataAccepted.self).count == 1)
                #expect(try mill.facts(DataRejected.self).count == 1)
                #expect(try mill.facts(CommandReceived.self).count == 1)
                #expect(try mill.notExactlyOnce(RunStarted.self, RunCompleted.self) == [])
                #expect(mill.link("deployments/production/delays") != nil)
            }
        }

        /// The processes whose command line names the workspace.
        private func processes(_ mill: Workspace) throws -> [String] {
            try Files.names(in: FilePath("/proc")).filter { Int32($0.string) != nil }.compactMap {
                let line = FilePath("/proc").appending($0).appending("cmdline")
                guard let file = try? FileDescriptor.open(line, 0),
                    let bytes = try? file.readAll(limit: 1 << 20)
                else { return nil }
                let words = String(decoding: bytes.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
                return words.contains(mill.root.string) ? words : nil
            }
        }
    }
}
