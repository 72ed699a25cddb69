import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// What people and scripts see of every command.
    @Suite struct CommandLineTests {
        @Test func `every command explains itself`() async throws {
            try await Workspace.use(initialised: false) { mill in
                let top = try mill.run(["--help"])
                #expect(top.code == 0 && top.err.isEmpty)
                let commands = commands(in: top.out)
                for expected in ["init", "run", "status", "events", "why", "verify", "demo"] {
                    #expect(commands.contains(expected))
                }
                for command in commands {
                    let help = try mill.run([command, "--help"])
                    #expect(help.code == 0, "\(command)")
                    #expect(help.out.contains("Usage: millrace \(command)"), "\(command)")
                    #expect(help.err.isEmpty)
                    #expect(try mill.run(["help", command]).out == help.out)
                    for below in self.commands(in: help.out) {
                        let help = try mill.run([command, below, "--help"])
                        #expect(help.code == 0, "\(command) \(below)")
                        #expect(help.out.contains("Usage: millrace \(command) \(below)"))
                    }
                }
                #expect(try Files.names(in: mill.root).isEmpty, "asking for help changes nothing")
            }
        }

        /// The names on a help page, above its options.
        private func commands(in page: String) -> [String] {
            let lines = page.split(separator: "\n").prefix { !$0.hasPrefix("Options:") }
            guard page.contains(" COMMAND") else { return [] }
            return lines.filter { $0.hasPrefix("  ") && $0.dropFirst(2).first?.isLowercase == true }
                .compactMap { $0.split(separator: " ").first.map(String.init) }
                .filter { $0 != "millrace" }
        }

        @Test(arguments: [
            (["statsu"], "status"), (["evnets"], "events"), (["status", "--jsn"], "--json"),
            (["plugin", "lst"], "list"), (["run", "--onec"], "--once"),
        ])
        func `a slip gets the word that was meant`(_ words: [String], _ meant: String) async throws
        {
            try await Workspace.use { mill in
                let output = try mill.run(words)
                #expect(output.code == 2)
                #expect(output.out.isEmpty)
                #expect(output.err.contains("Did you mean"))
                #expect(output.err.contains(meant))
            }
        }

        @Test func `failures have codes of their own`() async throws {
            try await Workspace.use { mill in
                #expect(try mill.run([]).code == 2)
                #expect(try mill.run(["status"], inWorkspace: false).code == 4)
                let settings = try mill.read("millrace.json")
                let again = try mill.run(["init", "."])
                #expect(again.code == 5)
                #expect(try mill.read("millrace.json") == settings)
                #expect(try mill.run(["run", "--once"]).code == 0)
                #expect(try mill.run(["why", "nobody"]).code == 4)
                #expect(try mill.run(["why", "999999"]).code == 4)
                #expect(try mill.run(["verify"]).code == 0)
                try damage(mill)
                #expect(try mill.run(["verify"]).code == 1)
                #expect(try mill.run(["run", "--once"]).code == 6)
            }
        }

        /// Flips a bit in the middle of the journal.
        private func damage(_ mill: Workspace) throws {
            let name = try #require(
                try Files.names(in: mill.layout.journal).first { $0.string.hasSuffix(".jsonl") })
            let file = mill.layout.journal.appending(name)
            var bytes = try Files.read(file, limit: 64 << 20)
            let place = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) / 2
            bytes[place] ^= 1
            let open = try FileDescriptor.open(file, O_WRONLY)
            try open.writeAll(bytes)
        }

        @Test func `what is printed for programs can be read by programs`() async throws {
            try await Workspace.use { mill in
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                #expect(try mill.run(["run", "--once"]).code == 0)
                for words in [
                    ["status"], ["why", "delays"], ["why", "delays@1"], ["why", "1", "--forward"],
                    ["why", "data/flights/a.csv"], ["plugin", "list"],
                    ["plugin", "show", "validator"], ["verify"],
                ] {
                    let output = try mill.run(words + ["--json"])
                    #expect(output.code == 0, "\(words): \(output.err)")
                    let value = try JSONValue(parsing: output.bytes)
                    #expect(value.members != nil || value.arrayValue?.isEmpty == false)
                }
                let lines = try mill.run(["events", "--json", "--all"]).out.split(separator: "\n")
                let events = try mill.events
                #expect(lines.count == events.count)
                for (line, event) in zip(lines, events) {
                    let record = try JSONValue(parsing: Array(line.utf8))
                    #expect(record["specversion"]?.stringValue == "1.0")
                    #expect(record["type"]?.stringValue == event.type)
                }
                let status = try JSONValue(parsing: try mill.run(["status", "--json"]).bytes)
                let stages = status["pipelines"]?[0]?["stages"]?.arrayValue ?? []
                #expect(stages.map { $0["version"]?.integerValue } == [1, 1])
                #expect(status["daemon"]?["running"]?.boolValue == false)
                try coloursOnlyWhereTheyAreWanted(mill)
            }
        }

        private func coloursOnlyWhereTheyAreWanted(_ mill: Workspace) throws {
            let lines = [["status"], ["events"], ["why", "delays"], ["--help"], ["statsu"]]
            var coloured = 0
            for words in lines {
                for environment in [[:], ["NO_COLOR": "1", "CLICOLOR_FORCE": "1"]] {
                    let plain = try mill.run(words, environment: environment)
                    #expect(!plain.out.contains("\u{1B}"), "\(words)")
                    #expect(!plain.err.contains("\u{1B}"), "\(words)")
                }
                let wanted = try mill.run(words, environment: ["CLICOLOR_FORCE": "1"])
                if (wanted.out + wanted.err).contains("\u{1B}") { coloured += 1 }
                let refused = try mill.run(
                    words + ["--no-color"], environment: ["CLICOLOR_FORCE": "1"])
                #expect(!(refused.out + refused.err).contains("\u{1B}"), "\(words)")
            }
            #expect(coloured == lines.count)
        }

        @Test(arguments: ["bash", "zsh", "fish"])
        func `the completion script is whole`(_ shell: String) async throws {
            try await Workspace.use(initialised: false) { mill in
                let script = try mill.run(["completion", shell])
                #expect(script.code == 0)
                #expect(script.out.contains("status"))
                guard let program = ProgramRunner.find(shell, path: "/usr/local/bin:/usr/bin:/bin")
                else { return }
                let check = try ProgramRunner.run(
                    program, arguments: [Array("-n".utf8)], environment: [], directory: nil,
                    input: script.bytes, limit: 1 << 16, milliseconds: Workspace.patience)
                #expect(check.ending == .exited(0))
                #expect(check.errorOutput.isEmpty)
            }
        }
    }
}
