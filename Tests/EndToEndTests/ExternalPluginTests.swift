import Daemon
import Glibc
import LinuxSystem
import Millrace
import Runtime
import Testing

extension EndToEnd {
    /// Plugins in other languages, run by the real daemon.
    @Suite struct ExternalPluginTests {
        private static let hasPython =
            ProgramRunner.find(
                "python3", path: "/usr/local/bin:/usr/bin:/bin") != nil

        /// A program in shell that does something about each event; `$line` has it.
        private static func shell(_ body: String) -> String {
            """
            #!/bin/sh
            while read -r line; do
                case "$line" in
                '{"hello"'*) echo '{"hello":{"protocol":1}}' ;;
                '{"ping"'*) n=${line#*:}; echo "{\\"pong\\":${n%\\}}}" ;;
                '{"event"'*) \(body) ;;
                esac
            done

            """
        }

        private static let note = #"echo '{"events":[{"type":"note.taken","data":{"n":1}}]}'"#

        /// Puts programs into the workspace, and their declarations into its settings.
        private static func declare(
            _ programs: [String: String], in mill: Workspace, attempts: Int = 2,
            more: String = ""
        ) throws {
            var sections = ""
            for (name, text) in programs.sorted(by: { $0.key < $1.key }) {
                try mill.drop(text, at: "code/plugins/\(name).sh")
                try mill.setMode(0o755, of: "code/plugins/\(name).sh")
                sections += """
                    "\(name)": { program: "\(name).sh", reactsTo: ["file.arrived"],
                        about: "dataset", emits: ["note.taken", "data.rejected"], \(more) },

                    """
            }
            try mill.drop(
                """
                { runtime: { attempts: \(attempts), backoff: "10ms" },
                  externalPlugins: { \(sections) } }
                """, at: "millrace.json")
        }

        private static func notes(_ mill: Workspace) throws -> [Event] {
            try mill.events.filter { $0.type == "note.taken" }
        }

        @Test(.enabled(if: hasPython))
        func `the example of the template takes note of large drops`()
            async throws
        {
            try await Workspace.use { mill in
                let example = try mill.read("sample/plugins/large_drops.py")
                try mill.drop(example, at: "code/plugins/large_drops.py")
                try mill.setMode(0o755, of: "code/plugins/large_drops.py")
                let settings = try mill.text("millrace.json")
                let end = try #require(settings.lastIndex(of: "}"))
                try mill.drop(
                    settings[..<end] + """
                            externalPlugins: {
                                "large-drops": {
                                    program: "large_drops.py", reactsTo: ["data.accepted"],
                                    emits: ["note.taken"], settings: { rows: 100 },
                                },
                            },
                        }
                        """, at: "millrace.json")
                try mill.drop(try mill.flights("01", every: 50), at: "data/flights/a.csv")
                try mill.drop(try mill.flights("02", every: 500), at: "data/flights/b.csv")
                let run = try mill.run(["run", "--once"])
                #expect(run.code == 0, "\(run)")
                let notes = try Self.notes(mill)
                let large = try mill.facts(DataAccepted.self).first {
                    $0.payload.file.rows >= 100
                }
                #expect(notes.map(\.causation) == [large?.event.id])
                #expect(notes.first?.actor == .plugin("large-drops"))
                #expect(notes.first?.subject == .dataset("flights"))
                #expect(try mill.handledTwice() == [])
                #expect(try mill.run(["verify"]).code == 0)
                let lines = try mill.text("code/plugins/large_drops.py").split(
                    separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.count <= 41)
            }
        }

        @Test func `each program that misbehaves costs only itself`() async throws {
            try await Workspace.use(initialised: false) { mill in
                try Self.declare(
                    [
                        "good": Self.shell(Self.note),
                        "dies": Self.shell("exit 3"),
                        "hangs": Self.shell("sleep 1000"),
                        "babbles": Self.shell("echo nonsense"),
                        "mute": "#!/bin/sh\nexit 0\n",
                        "old": "#!/bin/sh\necho '{\"hello\":{\"protocol\":9}}'\nsleep 1000\n",
                        "refuses": Self.shell(#"echo '{"error":"not mine","retryable":false}'"#),
                        "smuggles": Self.shell(
                            #"echo '{"events":[{"type":"note.hidden","data":{}}]}'"#),
                        "misforms": Self.shell(
                            #"echo '{"events":[{"type":"data.rejected","data":{"x":1}}]}'"#),
                        "endless": "#!/bin/sh\nexec cat /dev/zero\n",
                        "recovers": Self.shell(
                            "case \"$line\" in *'\"attempt\":1'*) exit 1;; *) \(Self.note);; esac"),
                    ], in: mill, more: "timeout: \"2s\"")
                try mill.drop("x\n1\n", at: "data/flights/a.csv")
                let run = try mill.run(["run", "--once"])
                #expect(run.code == 1, "\(run)")
                let dead = try mill.facts(ReactionDeadLettered.self).map(\.payload)
                let errors = Dictionary(
                    dead.map { ($0.plugin, $0.error) }, uniquingKeysWith: { first, _ in first })
                #expect(
                    Set(try Self.notes(mill).map(\.actor)) == [
                        .plugin("good"), .plugin("recovers"),
                    ])
                #expect(try Self.notes(mill).count == 2)
                #expect(errors.count == 9, "\(errors)")
                for (name, words) in [
                    "dies": "status 3", "hangs": "longer than its limit of 2.0 seconds",
                    "babbles": "no JSON",
                    "mute": "status 0", "old": "protocol 9", "refuses": "not mine",
                    "smuggles": "without declaring it", "misforms": "without the form",
                    "endless": "more than",
                ] {
                    #expect(
                        errors[name]?.contains(words) == true, "\(name): \(errors[name] ?? "-")")
                }
                #expect(try mill.handledTwice() == [])
            }
        }

        @Test func `what others can write is not run`() async throws {
            try await Workspace.use(initialised: false) { mill in
                try Self.declare(
                    ["loose": Self.shell("touch was-run; \(Self.note)")], in: mill)
                try mill.setMode(0o775, of: "code/plugins/loose.sh")
                try mill.drop("x\n1\n", at: "data/flights/a.csv")
                #expect(try mill.run(["run", "--once"]).code == 1)
                try mill.setMode(0o755, of: "code/plugins/loose.sh")
                try mill.setMode(0o777, of: "code/plugins")
                try mill.drop("x\n2\n", at: "data/flights/b.csv")
                #expect(try mill.run(["run", "--once"]).code == 1)
                let errors = try mill.facts(ReactionDeadLettered.self).map(\.payload.error)
                #expect(errors.count == 2)
                #expect(errors.allSatisfy { $0.contains("can be written by others") }, "\(errors)")
                #expect(errors.allSatisfy { $0.contains("chmod go-w") })
                #expect(try FileStatus.of(mill.root.appending("was-run")) == nil)
                try mill.setMode(0o755, of: "code/plugins")
                try mill.drop("x\n3\n", at: "data/flights/c.csv")
                #expect(try mill.run(["run", "--once"]).code == 0)
                #expect(try Self.notes(mill).count == 1)
            }
        }

        @Test func `a killed daemon takes its programs along, and each event is handled once`()
            async throws
        {
            try await Workspace.use(initialised: false) { mill in
                // Each start and each event leaves a trace; the answer takes a while.
                try Self.declare(
                    ["slow": Self.shell("echo $$ >>trace; sleep 0.05; \(Self.note)")], in: mill,
                    attempts: 50)
                var random = Seeded(seed: 7)
                for round in 1...6 {
                    try mill.start()
                    for file in 1...3 {
                        try mill.drop("x\n\(round) \(file)\n", at: "data/d\(file)/\(round).csv")
                    }
                    letPass(20_000...300_000, &random)
                    try mill.kill()
                    // The kernel ends the program with the thread that started it.
                    let pids = ((try? mill.text("trace")) ?? "").split(separator: "\n")
                    try waitUntil("the programs are gone") {
                        pids.compactMap { Int32($0) }.allSatisfy {
                            ChildProcess.startTime(of: $0) == nil
                        }
                    }
                }
                #expect(try mill.run(["run", "--once"]).code == 0)
                let drops = try mill.events.filter {
                    $0.type == FileArrived.type && $0.subject.kind == "dataset"
                }
                #expect(drops.count == 18)
                let causes = try Self.notes(mill).map(\.causation)
                #expect(Set(causes) == Set(drops.map { $0.id }))
                #expect(causes.count == 18)
                #expect(try mill.handledTwice() == [])
                #expect(try mill.run(["verify"]).code == 0)
            }
        }

        @Test func `one that is declared or changed while the daemon runs is taken up`()
            async throws
        {
            try await Workspace.use(initialised: false) { mill in
                try mill.drop("{}", at: "millrace.json")
                try mill.start()
                try mill.drop("x\n1\n", at: "data/flights/before.csv")
                try mill.wait(for: FileArrived.self) { "\($0.path)" == "data/flights/before.csv" }
                try Self.declare(["late": Self.shell(Self.note)], in: mill)
                try mill.wait(for: SettingsAccepted.self) { !$0.settings.externalPlugins.isEmpty }
                try mill.drop("x\n2\n", at: "data/flights/after.csv")
                try mill.wait(for: ReactionHandled.self) { $0.plugin == "late" }
                let after = try mill.facts(FileArrived.self).last {
                    "\($0.payload.path)" == "data/flights/after.csv"
                }
                #expect(try Self.notes(mill).map(\.causation) == [after?.event.id])

                // Another program under the same name.
                var mark = try mill.mark
                try mill.drop(
                    Self.shell(#"echo '{"error":"a new one","retryable":false}'"#),
                    at: "code/plugins/new")
                try mill.setMode(0o755, of: "code/plugins/new")
                try Files.rename(
                    mill.root.appending("code/plugins/new"),
                    mill.root.appending("code/plugins/late.sh"))
                try mill.drop("x\n3\n", at: "data/flights/third.csv")
                let dead = try mill.wait(for: ReactionDeadLettered.self, after: mark)
                #expect(dead.payload.error == "a new one")

                // Taken out of the settings, and put in again: what came meanwhile is not lost.
                mark = try mill.mark
                try mill.drop("{}", at: "millrace.json")
                try mill.wait(for: SettingsAccepted.self, after: mark)
                try mill.drop("x\n4\n", at: "data/flights/fourth.csv")
                try mill.wait(for: FileArrived.self, after: mark) {
                    "\($0.path)" == "data/flights/fourth.csv"
                }
                mark = try mill.mark
                try Self.declare(["late": Self.shell(Self.note)], in: mill)
                try mill.wait(for: ReactionHandled.self, after: mark) { $0.plugin == "late" }
                #expect(try Self.notes(mill).count == 2)
                #expect(try mill.stop() == .exited(0))
                // A restart sees the same: nothing is left to do.
                #expect(try mill.run(["run", "--once"]).code == 0)
                #expect(try Self.notes(mill).count == 2)
            }
        }
    }
}
