import Console
import Journal
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct EventsCommandTests {
    private func told() throws -> Story {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        return story
    }

    private func types(_ result: Story.Result) throws -> [String] {
        try result.out.split(separator: "\n").map {
            try JSONValue(parsing: Array($0.utf8))["type"]?.stringValue ?? ""
        }
    }

    @Test func `a list on a terminal is cut at its edge`() async throws {
        let story = try told()
        try Transcript.expect(await story.run("events").all, "events")
    }

    @Test func `in a pipe every line is whole`() async throws {
        let story = try told()
        let result = await story.run("events", isInteractive: false)
        #expect(!result.out.contains("…"))
        #expect(result.out.split(separator: "\n").contains { $0.count > 80 })
    }

    @Test func `the JSON is the records as they are in the journal`() async throws {
        let story = try told()
        let result = await story.run("events", "--json", "--all")
        var lines: [String] = []
        let cursor = try JournalReader(directory: story.journal).cursor()
        while let record = try cursor.next() {
            lines.append(String(decoding: record.line, as: UTF8.self))
        }
        #expect(result.out.split(separator: "\n").map(String.init) == lines)
    }

    @Test func `types, subjects, limits and spans choose`() async throws {
        let story = try told()
        let data = try types(await story.run("events", "--json", "--type", "data.*"))
        #expect(data == ["data.accepted", "data.accepted", "data.rejected"])
        let last = try types(await story.run("events", "--json", "-t", "data.*", "-n", "1"))
        #expect(last == ["data.rejected"])
        let model = await story.run("events", "--json", "--subject", "model/*")
        #expect(Set(try types(model)).contains("deployment.completed"))
        #expect(!Set(try types(model)).contains("data.accepted"))
        let span = await story.run("events", "--json", "--all", "--since", "3", "--until", "5")
        #expect(try types(span) == Array(repeating: "plugin.registered", count: 3))
        let time = await story.run("events", "--json", "--since", "2026-03-03T14:00:08Z", "-n", "0")
        #expect(time.out.isEmpty && time.code == .success)
        let later = await story.run("events", "--since", "2027-01-01")
        #expect(later.out.isEmpty && later.code == .success)
    }

    @Test func `marks are shown only when asked for`() async throws {
        let story = try told()
        #expect(try !types(await story.run("events", "--json")).contains("reaction.handled"))
        #expect(try types(await story.run("events", "--json", "-a")).contains("reaction.handled"))
    }

    @Test(arguments: [
        ("", "", true), ("*", "", true), ("*", "a", true), ("a?c", "abc", true),
        ("a?c", "ac", false), ("a*c", "abbbc", true), ("a*c", "abbbd", false),
        ("*.accepted", "data.accepted", true), ("data.*", "dataset.versioned", false),
        ("*a*b*", "xxaxxbxx", true), ("*a*b", "ba", false),
    ])
    func `patterns`(_ pattern: String, _ name: String, _ matches: Bool) {
        #expect(namePattern(pattern, matches: name) == matches)
    }

    @Test(arguments: [
        ("12", TypedMoment.sequence(12)), ("#12", .sequence(12)), ("15m", .ago(seconds: 900)),
        ("2026-03-03T14:00", .time(Timestamp(microseconds: 1_772_546_400_000_000))),
    ])
    func `moments`(_ text: String, _ moment: TypedMoment) {
        #expect(TypedMoment(text) == moment)
    }

    @Test func `no moment is not taken`() async throws {
        #expect(TypedMoment("yesterday") == nil)
        let result = await (try Story()).run("events", "--since", "yesterday")
        #expect(result.code == .usage)
    }
}
