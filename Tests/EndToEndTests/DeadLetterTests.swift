import Daemon
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// What a plugin could not do, and what a person asks for in vain.
    @Suite struct DeadLetterTests {
        private static let settings = """
            { pipelines: { line: {
                dataset: "points", target: { column: "y" }, features: ["x"],
                trainer: { algorithm: "linear-regression" }, stages: ["production"],
            } },
              runtime: { attempts: 2, backoff: "10ms" } }
            """
        private static let contract = """
            {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "points", "version": "1.0.0",
             "schema": [{"name": "points", "properties": [
               {"name": "x", "logicalType": "integer", "required": true},
               {"name": "y", "logicalType": "integer", "required": true}]}]}
            """

        @Test func `a dead letter is retried when its cause is mended, and done once`() async throws
        {
            try await Workspace.use { mill in
                try mill.drop(DeadLetterTests.settings, at: "millrace.json")
                try mill.drop(DeadLetterTests.contract, at: "contracts/points.json")
                try mill.start()
                try mill.wait(for: ContractAccepted.self)
                // There is no place for the report of a bad drop.
                try? Files.removeFolder(mill.root.appending("quarantine"))
                try mill.write([], to: mill.root.appending("quarantine"))
                try mill.drop("x,y\n1,none at all\n", at: "data/points/bad.csv")
                let dead = try mill.wait(for: ReactionDeadLettered.self)
                #expect(dead.payload.attempts == 2)
                #expect(dead.payload.error.contains("quarantine"))
                let number = try #require(dead.payload.sequences.first)
                let list = try mill.run(["deadletter", "list"])
                #expect(
                    list.out.contains("#\(number)") && list.out.contains("validator"), "\(list)")
                #expect(try mill.run(["status"]).out.contains("deadletter retry \(number)"))
                // The others went on.
                try mill.drop("x,y\n1,2\n3,6\n4,8\n", at: "data/points/good.csv")
                try mill.wait(for: DataAccepted.self)

                try Files.unlink(mill.root.appending("quarantine"))
                let retried = try mill.run(["deadletter", "retry", "\(number)"])
                #expect(retried.code == 0, "\(retried)")
                let rejected = try mill.wait(for: DataRejected.self)
                #expect(rejected.payload.path.description == "data/points/bad.csv")
                #expect(try mill.run(["deadletter", "list"]).out.contains("nothing is set aside"))
                #expect(try mill.run(["deadletter", "retry", "\(number)"]).code == 4)

                // Nor does it come back for one who writes the command by hand.
                let forged = """
                    {"command": "deadletter", "about": "plugin/validator", "arguments":
                     {"plugin": "validator", "sequence": \(number), "outcome": "retried"}}
                    """
                try mill.drop(forged, at: "inbox/again.json")
                let declined = try mill.wait(for: CommandDeclined.self)
                #expect(declined.payload.reason.contains("is not set aside"))
                #expect(try mill.stop() == .exited(0))
                #expect(try mill.run(["run", "--once"]).code == 0)
                #expect(try mill.facts(DataRejected.self).count == 1)
                #expect(try mill.handledTwice() == [])
            }
        }

        @Test func `what is asked for in vain is answered by an event`() async throws {
            try await Workspace.use { mill in
                try mill.start()
                for (words, reason) in [
                    (["approve", "delays"], "no version of delays waits for approval"),
                    (["rollback", "delays"], "no version of delays is live in production"),
                ] {
                    let mark = try mill.mark
                    let answer = try mill.run(words)
                    #expect(answer.code == 1, "\(answer)")
                    let declined = try mill.wait(for: CommandDeclined.self, after: mark)
                    #expect(declined.payload.reason.contains(reason))
                    #expect(declined.payload.command == words[0])
                    #expect(declined.event.subject == .model("delays"))
                    #expect(answer.out.contains("command.declined"), "\(answer)")
                }
                let mark = try mill.mark
                try mill.drop(
                    "{\"command\": \"approve\", \"about\": \"model/nobody\"}", at: "inbox/x.json")
                let declined = try mill.wait(for: CommandDeclined.self, after: mark)
                #expect(declined.event.subject == .model("nobody"))
                #expect(try mill.stop() == .exited(0))
            }
        }
    }
}
