import Console
import Glibc
import Journal
import LinuxSystem
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct StatusCommandTests {
    @Test func `a model in production, seen while the daemon runs`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let result = await story.run("status")
        #expect(result.code == .success)
        try Transcript.expect(result.all, "status")
    }

    @Test func `what waits and what failed, with the plugins, after a crash`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        try story.writer.close()
        let result = await story.run("status", "--plugins")
        try Transcript.expect(result.all, "status-troubles")
    }

    @Test func `the state of a past moment is that of the records up to it`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let before = await story.run("status", "--json")
        let sequence = try before.decode(StatusReport.self).sequence
        try story.tellTroubles()
        let then = await story.run("status", "--at", "\(sequence)", "--json")
        var expected = try before.decode(StatusReport.self)
        #expect(expected.daemon?.running == true)
        // What can only be known of the present.
        expected.daemon = nil
        let found = try then.json()
        #expect(found == (try JSONValue(encoding: expected)))
        let time = try then.decode(StatusReport.self).time
        let byTime = await story.run("status", "--at", "\(try #require(time))", "--json")
        #expect(try byTime.json() == found)
        let words = await story.run("status", "--at", "\(sequence)")
        try Transcript.expect(words.all, "status-at")
    }

    @Test func `the JSON has its promised members`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        let report = try await story.run("status", "--json").decode(StatusReport.self)
        let daemon = try #require(report.daemon)
        #expect(daemon.running && !daemon.crashed && daemon.pid == 4711)
        let dataset = try #require(report.datasets.first)
        #expect(dataset.version == 2 && dataset.accepted == 2 && dataset.rejected == 1)
        #expect(dataset.contract?.proposed == true)
        let pipeline = try #require(report.pipelines.first)
        #expect(pipeline.stages.map(\.version) == [2, 1])
        #expect(pipeline.challenger?.state == .waits)
        #expect(pipeline.challenger?.comparison?.champion == 1)
        #expect(pipeline.waitingForApproval.map(\.stage) == ["production"])
        #expect(pipeline.drift?.columns == ["origin"])
        #expect(report.failures.deadLetters.map(\.sequence) == [31])
        #expect(report.failures.retrying.map(\.attempt) == [2])
        #expect(report.failures.refusedFiles.count == 1)
        #expect(report.failures.degradedWatches.map(\.part) == ["data"])
        let validator = try #require(report.plugins.first { $0.name == "validator" })
        #expect(validator.handled == 1 && validator.meanMilliseconds == 12.5)
    }

    @Test func `a run shows the progress that its process says`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let run = try story.tell(
            RunStarted(
                pipeline: "delays", run: 2,
                inputs: Parts.inputs(version: 1, [try Parts.file("data/flights/2013-01.csv", 2)]),
                reasons: ["drift"]), by: Story.trainer)
        let folder = story.root.appending(".millrace/jobs/\(run.id)-trainer-train")
        try Files.makeDirectories(folder)
        try Files.replace(
            folder.appending("progress.json"),
            with: Array("{\"fraction\":0.42,\"doing\":\"round 42\"}".utf8), durable: false)
        let report = try await story.run("status", "--json").decode(StatusReport.self)
        let running = try #require(report.pipelines.first?.running.first)
        #expect(running.run == 2 && running.fraction == 0.42 && running.doing == "round 42")
        try Transcript.expect(await story.run("status").all, "status-running")
    }

    @Test func `a folder that is no workspace, and one where nothing happened`() async throws {
        let story = try Story()
        let none = await Story.run(["status", "-w", "/"])
        #expect(none.code == .missing)
        #expect(none.err.contains("millrace init"))
        try story.writer.close()
        try Files.removeFolder(story.root.appending(".millrace"))
        let empty = await story.run("status")
        #expect(empty.code == .missing)
        #expect(empty.err.contains("millrace run"))
    }
}
