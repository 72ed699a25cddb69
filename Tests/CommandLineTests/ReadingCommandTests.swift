import Console
import LinuxSystem
import Millrace
import Runtime
import Testing

@testable import CommandLineInterface

@Suite struct ReadingCommandTests {
    @Test func `drops are every version of every file, also with strange names`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        try story.tell(
            FileRemoved(
                path: try Parts.path("data/flights/2013-01.csv"), sha256: Parts.digest(2),
                area: Area(.dataset, "flights")))
        try Transcript.expect(await story.run("drops").all, "drops")
        let tsv = await story.run("drops", "--tsv")
        #expect(tsv.code == .success)
        let lines = tsv.out.split(separator: "\n").map { $0.split(separator: "\t") }
        #expect(lines.count == 4 && lines.allSatisfy { $0.count == 2 })
        #expect(lines.last?.first == "data/flights/2013-03%0Abad.csv")
        #expect(lines.last?.last.map(String.init) == Parts.digest(5).hex)
        let json = try await story.run("drops", "--json").decode([DropsCommand.Drop].self)
        #expect(json.map(\.kind) == ["added", "added", "added", "added", "removed"])
        let then = try await story.run("drops", "--at", "\(json[1].sequence)", "--json")
            .decode([DropsCommand.Drop].self)
        #expect(then.map(\.sequence) == json.prefix(2).map(\.sequence))
        let none = try await (try Story()).run("drops", "--json").decode([DropsCommand.Drop].self)
        #expect(none.isEmpty)
    }

    @Test func `two folds give the same state, and another history another`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let first = try await story.run("replay", "--json").decode(ReplayCommand.Answer.self)
        #expect(first.same && first.parting == nil)
        #expect(first.projections.count > 5)
        let again = try await story.run("replay", "--json").decode(ReplayCommand.Answer.self)
        #expect(again.state == first.state)
        try story.tellTroubles()
        let later = try await story.run("replay", "--json").decode(ReplayCommand.Answer.self)
        #expect(later.state != first.state)
        let then = try await story.run("replay", "--at", "\(first.records)", "--json")
            .decode(ReplayCommand.Answer.self)
        #expect(then.state == first.state)
        // Another workspace with the same history has the same state.
        let twin = try Story()
        try twin.tellFirstMonth()
        let other = try await twin.run("replay", "--json").decode(ReplayCommand.Answer.self)
        #expect(other.state == first.state)
        #expect(await story.run("replay").out.contains("the same"))
    }

    @Test func `a plugin is listed and shown from its declaration`() async throws {
        let list = await Story.run(["plugin", "list"])
        #expect(list.out == "notifier  Tells the people on duty about every rejected drop.\n")
        let show = await Story.run(["plugin", "show", "notifier"])
        try Transcript.expect(show.all, "plugin-show")
        let json = try await Story.run(["plugin", "show", "notifier", "--json"])
            .decode(PluginDeclaration.self)
        #expect(json.reactsTo.map(\.type) == ["data.rejected", "file.refused"])
        #expect(json.settings.map(\.key) == ["command", "retries"])
        let typo = await Story.run(["plugin", "show", "notifer"])
        #expect(typo.code == .missing && typo.err.contains("did you mean: notifier"))
    }

    @Test func `a program that the settings declare is a plugin like the others`() async throws {
        let story = try Story(
            """
            { externalPlugins: { tally: {
                program: "tally.py", reactsTo: ["data.accepted"], emits: ["tally.kept"],
                settings: { unit: "rows" },
            } } }
            """)
        let place = story.root.string
        let list = await story.run("plugin", "list", "--workspace", place)
        #expect(list.out.contains("tally     The program code/plugins/tally.py"))
        let show = await story.run(
            "plugin", "show", "tally", "--workspace", place)
        #expect(show.out.contains("data.accepted") && show.out.contains("tally.kept"))
        #expect(show.out.contains("externalPlugins.tally.settings"))
        let json = try await story.run("plugin", "show", "tally", "--json", "--workspace", place)
            .decode(PluginDeclaration.self)
        #expect(json.program == "tally.py" && json.settings.map(\.key) == ["unit"])
        let typo = await story.run("plugin", "show", "taly", "--workspace", place)
        #expect(typo.code == .missing && typo.err.contains("did you mean: tally"))
    }

    @Test func `the version names this very program`() async throws {
        let answer = try await Story.run(["version", "--json"]).decode(VersionCommand.Answer.self)
        #expect(answer.version == MillraceProgram.version)
        #expect(answer.sha256 == (try VersionCommand.digestOfProgram()))
        #expect(answer.platform.hasPrefix("Linux "))
    }

    @Test func `the doctor finds what is wrong and says what to do`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let answer = try await story.run("doctor", "--json").decode(DoctorCommand.Answer.self)
        let names = Set(answer.checks.map(\.name))
        for name in ["watches", "file system", "leases", "disk space", "clock", "daemon"] {
            #expect(names.contains(name), "no check of \(name)")
        }
        #expect(answer.checks.first { $0.name == "daemon" }?.found == "running, process 4711")
        #expect(answer.healthy == !answer.checks.contains { $0.level == .problem })
        let broken = try Story("{ pipelines: { a: { dataset: 7 } } }")
        let result = await broken.run("doctor")
        #expect(result.code == .negative)
        #expect(result.out.contains("problem  settings"))
    }

    @Test func `the page of the doctor`() throws {
        let lines = DoctorCommand.page(
            [
                .ok("watches", "7 folders to watch, 0 of 192,536 in use by this user"),
                .warning(
                    "disk space", "512 MB free",
                    "make room: drops are copied into the vault, and the daemon waits"),
                .problem("trust", "millrace.json can be written by others", "'chmod go-w'"),
            ], Terminal(width: 80))
        try Transcript.expect(lines.map { $0.plain + "\n" }.joined(), "doctor")
    }

    @Test func `levels are in order`() {
        #expect(HealthCheck.Level.ok < .warning)
        #expect(HealthCheck.Level.warning < .problem)
    }
}

@Suite struct CommandHelpTests {
    private var root: Command {
        MillraceProgram(plugins: [NotifierPlugin.self]).program.root
    }

    @Test func `the declarations have no mistakes`() {
        #expect(root.declarationProblems() == [])
    }

    @Test func `the list of commands`() async throws {
        try Transcript.expect(await Story.run(["--help"]).all, "help")
    }

    @Test func `every command has a page with an example, in 80 columns`() async {
        func visit(_ command: Command, _ path: [String]) async {
            for child in command.subcommands where child.isListed {
                let words = path + [child.name]
                let page = await Story.run((words + ["--help"]).map { RawArgument($0) })
                #expect(page.code == .success)
                if child.subcommands.isEmpty, !["help", "completion"].contains(child.name) {
                    #expect(!child.examples.isEmpty, "\(words) has no example")
                }
                for line in page.out.split(separator: "\n") where line.count > 80 {
                    Issue.record("\(words): longer than 80 columns: \(line)")
                }
                await visit(child, words)
            }
        }
        await visit(root, [])
    }

    @Test func `a mistyped command is answered with the one that was meant`() async {
        let result = await Story.run(["statsu"])
        #expect(result.code == .usage && result.err.contains("'millrace status'"))
    }
}
