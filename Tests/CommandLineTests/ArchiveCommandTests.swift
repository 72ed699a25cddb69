import Console
import Glibc
import Journal
import LinuxSystem
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct ArchiveCommandTests {
    private func story() throws -> Story {
        let story = try Story(segmentSize: 6000)
        for number in 1...30 { try story.tell(try Parts.arrival("data/flights/\(number).csv", 2)) }
        try story.writer.close()
        return story
    }

    @Test func `old segments move, and what was there can still be asked`() async throws {
        let story = try story()
        let cold = story.root.appending("cold")
        let before = await story.run("events", "--json", "--until", "30")
        let plan = await story.run("archive", "--before", "20", "--to", "\(cold)", "--dry-run")
        #expect(plan.code == .success && plan.out.contains("would be moved"))
        #expect(plan.out.contains("segment") && plan.out.contains("B: records 1 to "))
        let result = await story.run("archive", "--before", "20", "--to", "\(cold)", "--json")
        #expect(result.code == .success, "\(result.all)")
        let answer = try result.decode(ArchiveCommand.Answer.self)
        let last = try #require(answer.archived?.last)
        #expect(last < 20 && answer.last == last)
        #expect(await story.run("events", "--json", "--until", "30").out == before.out)
        let whole = try await story.run("verify", "--json").decode(Verification.self)
        #expect(whole.damages.isEmpty && whole.archive?.read == true)
        let again = await story.run("archive", "--before", "\(last)", "--to", "\(cold)")
        #expect(again.code == .success && again.out.contains("nothing to move"))
        let status = await story.run("status", "--json")
        // Out of reach: the chain from there on, and state from the snapshot that was kept.
        try Files.rename(cold, story.root.appending("away"))
        let rest = try await story.run("verify", "--json").decode(Verification.self)
        #expect(rest.damages.isEmpty && rest.archive?.read == false)
        #expect(await story.run("verify").out.contains("out of reach"))
        let events = await story.run("events")
        #expect(events.code == .missing && events.err.contains("--since \(last + 1)"))
        #expect(await story.run("events", "--since", "\(last + 1)").code == .success)
        #expect(await story.run("status", "--json").out == status.out)
    }

    @Test func `it asks for what it needs, and keeps out of where others look`() async throws {
        let story = try story()
        #expect(await story.run("archive").code == .usage)
        #expect(await story.run("archive", "--before", "9").code == .usage)
        let inputs = story.root.appending("data/old")
        #expect(await story.run("archive", "--before", "9", "--to", "\(inputs)").code == .usage)
        let running = try Story(segmentSize: 6000)
        for _ in 1...30 { try running.tell(DaemonStopped(reason: "again")) }
        let result = await running.run(
            "archive", "--before", "20", "--to", "\(running.root.appending("cold"))")
        #expect(result.code == .conflict)
    }
}
