import Console
import Millrace
import Runtime
import Testing

@testable import CommandLineInterface

@Suite struct WhyCommandTests {
    private func told() throws -> Story {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        return story
    }

    @Test func `the chain behind the model in production`() async throws {
        let result = await (try told()).run("why", "delays")
        #expect(result.code == .success)
        try Transcript.expect(result.all, "why-model")
    }

    @Test func `a version that was let in by a person has its own story, too`() async throws {
        let story = try told()
        try story.tell(
            Parts.arrival("inbox/approve.json", 7), as: "letter", by: .user(1001))
        try story.tell(
            CommandReceived(
                command: "approve", about: "model/delays", arguments: [:], uid: 1001),
            as: "command", because: "letter", by: .plugin("workspace"))
        try story.tell(
            ApprovalDecided(
                model: "delays", version: 2, stage: "production", approved: true, uid: 1001,
                comment: "seen"), because: "command", by: Story.deployer)
        try story.tellStage("production", 2, because: "command")
        let result = await story.run("why", "delays")
        try Transcript.expect(result.all, "why-approved")
    }

    @Test func `the JSON goes back to the file and its owner`() async throws {
        let answer = try await (try told()).run("why", "delays", "--json").decode(WhyAnswer.self)
        #expect(answer.fact.type == "deployment.completed")
        #expect(answer.causes.first?.event.type == "deployment.planned")
        let root = try #require(answer.causes.last?.event)
        #expect(root.type == "file.arrived" && root.actor == "uid:1000" && root.causation == nil)
        let made = try #require(answer.causes.first { $0.event.type == "model.versioned" })
        let file = try #require(made.evidence.first)
        #expect(file.title?.hasPrefix("data/flights/2013-01.csv") == true)
        #expect(file.evidence.compactMap(\.event?.type) == ["data.accepted", "file.arrived"])
        #expect(
            file.evidence.first?.evidence.compactMap(\.event?.type) == ["contract.proposed"])
        #expect(made.evidence.last?.event?.type == "settings.accepted")
        #expect(made.evidence.contains { $0.title?.hasPrefix("train.py (code") == true })
    }

    @Test func `a drop, forward and back`() async throws {
        let story = try told()
        let forward = await story.run("why", "data/flights/2013-02.csv", "--forward")
        #expect(forward.code == .success)
        let rejected = await story.run("why", "data/flights/2013-03%0Abad.csv")
        #expect(rejected.out.hasPrefix("data.rejected"))
        let byBytes = await story.run(
            [RawArgument("why"), RawArgument("data/flights/2013-03\nbad.csv")])
        #expect(byBytes.out == rejected.out)
        let all = await story.run("why", "8", "--forward")
        try Transcript.expect(all.all, "why-forward")
    }

    @Test func `what came of a file begins with its arrival`() async throws {
        let story = try told()
        let drop = await story.run("why", "data/flights/2013-01.csv", "--forward")
        #expect(drop.out.hasPrefix("file.arrived"))
        #expect(drop.out.contains("model.versioned") && drop.out.contains("deployment.completed"))
        let path = "contracts/flights.json"
        try story.tell(Parts.arrival(path, 8), as: "rules", by: .user(1000))
        try story.tell(
            ContractRefused(
                dataset: "flights", path: try Parts.path(path), problems: ["no schema"]),
            because: "rules", by: Story.validator)
        let contract = await story.run("why", path)
        #expect(contract.out.hasPrefix("contract.refused") && contract.out.contains("no schema"))
    }

    @Test func `of many files the code and the newest are shown`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        var files: [DatasetFile] = []
        // The newest has the first name.
        for number in (10...40 as ClosedRange<UInt64>).reversed() {
            let name = "data/flights/2013-\(number).csv"
            let file = try Parts.file(name, number)
            try story.tell(Parts.arrival(name, number), as: "drop \(number)", by: .user(1000))
            try story.tell(
                DataAccepted(
                    dataset: "flights", file: file, contract: Parts.digest(3), warnings: []),
                because: "drop \(number)", by: Story.validator)
            files.append(file)
        }
        try story.tellVersion(2, files: files, because: "drop 10", reason: "new rows")
        let page = await story.run("why", "delays@2").out
        #expect(page.contains("train.py (code"))
        #expect(page.contains("2013-10.csv") && page.contains("2013-20.csv"))
        #expect(!page.contains("2013-21.csv") && page.contains("20 older files"))
    }

    @Test func `records by number and by the beginning of their id`() async throws {
        let story = try told()
        let number = await story.run("why", "#8")
        #expect(number.out.contains("2013-01.csv"))
        let id = await story.run("why", "abcd000000000008")
        #expect(id.out == number.out)
        let many = await story.run("why", "abcd0000")
        #expect(many.code == .usage && many.err.contains("more digits"))
    }

    @Test func `what is not there is said, with what there is`() async throws {
        let story = try told()
        let typo = await story.run("why", "delay")
        #expect(typo.code == .missing && typo.err.contains("Did you mean 'delays'?"))
        let version = await story.run("why", "delays@9")
        #expect(version.code == .missing && version.err.contains("delays@1, delays@2"))
        let number = await story.run("why", "9999")
        #expect(number.code == .missing)
    }

    @Test func `why not: what waits, what was refused, and what plugins could not handle`()
        async throws
    {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        try Transcript.expect(
            await story.run("why-not", "delays").all
                + story.run("why-not", "data/flights/pipe").all, "why-not")
        let reasons = try await story.run("why-not", "delays", "--json")
            .decode(WhyNotCommand.Answer.self).reasons
        #expect(
            Set(reasons.map(\.kind)).isSuperset(of: [.waitsForApproval, .setAside]))
        #expect(await story.run("why-not", "delay").code == .missing)
    }
}
