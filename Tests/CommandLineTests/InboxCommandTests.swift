import Console
import Journal
import LinuxSystem
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct InboxCommandTests {
    /// The one letter in the inbox.
    private func letter(_ story: Story) throws -> JSONValue {
        let names = try Files.names(in: story.root.appending("inbox"))
        #expect(names.count == 1)
        let name = try #require(names.first)
        #expect(!name.string.hasPrefix("."))
        return try JSONValue(
            parsing: try Files.read(
                story.root.appending("inbox").appending(name), limit: 1 << 16))
    }

    @Test func `a decision is a file that says what, about what and why`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        try story.writer.close()
        let result = await story.run(
            "approve", "delays", "--stage", "production", "--version", "2", "-m", "fine")
        #expect(result.code == .success)
        #expect(result.out.contains("No daemon runs here"))
        let expected: JSONValue = [
            "command": "approve", "about": "model/delays",
            "arguments": ["stage": "production", "version": 2, "comment": "fine"],
        ]
        #expect(try letter(story) == expected)
    }

    @Test(arguments: [
        (["reject", "delays"], "reject", "model/delays"),
        (["rollback", "delays", "--to", "1"], "rollback", "model/delays"),
        (["retrain", "delays"], "retrain", "pipeline/delays"),
    ])
    func `each asks for its own`(
        _ words: [String], _ command: String, _ about: String
    ) async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let result = await story.run((words + ["--no-wait"]).map { RawArgument($0) })
        #expect(result.code == .success)
        let found = try letter(story)
        #expect(found["command"]?.stringValue == command)
        #expect(found["about"]?.stringValue == about)
        if command == "rollback" { #expect(found["arguments"]?["version"]?.integerValue == 1) }
    }

    @Test func `a mistyped model is noticed before anything is written`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let result = await story.run("approve", "dealys")
        #expect(result.code == .missing && result.err.contains("'delays'"))
        #expect(try Files.names(in: story.root.appending("inbox")).isEmpty)
    }

    @Test func `without an answer in time the command stays and the code is 1`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let result = await story.run("retrain", "delays", "--timeout", "50ms")
        #expect(result.code == .negative && result.err.contains("has not answered"))
        _ = try letter(story)
    }

    @Test func `the answer is what followed from the file`() throws {
        let story = try Story()
        let path = try Parts.path("inbox/a.json")
        var answer = InboxAnswer(path)
        answer.apply(try story.tell(Parts.arrival("inbox/other.json", 1), by: .user(1)))
        #expect(answer.state == .waiting)
        answer.apply(try story.tell(Parts.arrival("inbox/a.json", 2), as: "file", by: .user(1)))
        let command = try story.tell(
            CommandReceived(command: "approve", about: "model/m", arguments: [:], uid: 1),
            as: "command", because: "file")
        answer.apply(command)
        #expect(answer.state == .received)
        answer.apply(
            try story.tell(
                DeploymentPlanned(
                    model: "m", version: 1, artifact: Parts.digest(1), stage: "production",
                    reason: "approved", isRollback: false), as: "plan", because: "command"))
        answer.apply(
            try story.tell(
                ReactionHandled(
                    plugin: "deployer", handled: [command.sequence], observed: 3, attempts: 1,
                    milliseconds: 1), because: "command"))
        #expect(answer.state == .answered && answer.isUnderWay)
        answer.apply(
            try story.tell(
                DeploymentCompleted(
                    model: "m", version: 1, artifact: Parts.digest(1), stage: "production",
                    previous: nil, isRollback: false), because: "plan"))
        #expect(!answer.isUnderWay)
        #expect(answer.effects.map(\.type) == ["deployment.planned", "deployment.completed"])
    }

    @Test func `what is no command is refused`() throws {
        let story = try Story()
        let path = try Parts.path("inbox/a.json")
        var answer = InboxAnswer(path)
        answer.apply(try story.tell(Parts.arrival("inbox/a.json", 2), as: "file", by: .user(1)))
        answer.apply(
            try story.tell(CommandRefused(path: path, reason: "it is no JSON"), because: "file"))
        #expect(answer.state == .refused)
    }

    @Test func `dead letters are listed, shown and put back`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        try Transcript.expect(await story.run("deadletter", "list").all, "deadletter-list")
        try Transcript.expect(await story.run("deadletter", "show", "31").all, "deadletter-show")
        let list = try await story.run("deadletter", "list", "--json")
            .decode([DeadLetterRecord].self)
        #expect(list.map(\.sequence) == [31] && list.map(\.plugin) == ["monitor"])
        let missing = await story.run("deadletter", "retry", "5")
        #expect(missing.code == .missing && missing.err.contains("#31"))
        #expect(await story.run("deadletter", "retry", "31", "--no-wait").code == .success)
        let expected: JSONValue = [
            "command": "deadletter", "about": "plugin/monitor",
            "arguments": ["plugin": "monitor", "sequence": 31, "outcome": "retried"],
        ]
        #expect(try letter(story) == expected)
    }

    @Test func `nobody waits for a daemon that does not run`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let late = await story.run("sync", "--timeout", "50ms")
        #expect(late.code == .negative)
        // The cookie is not left behind.
        #expect(try Files.names(in: story.root.appending("inbox")).isEmpty)
        try story.writer.close()
        let none = await story.run("sync", "--timeout", "10ms")
        #expect(none.code == .missing && none.err.contains("no daemon"))
    }
}
