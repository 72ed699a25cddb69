import Console
import Millrace
import Runtime
import Testing

@testable import CommandLineInterface

/// Every reason that `why-not` knows, from the records that say so.
@Suite struct WhyNotReasonTests {
    private typealias Kind = WhyNot.Reason.Kind

    /// What is said after a first month and some more records; each reason names the record it is from.
    private func reasons(
        _ words: String, _ tell: (Story) throws -> Void
    ) async throws -> [Kind] {
        let story = try Story()
        try story.tellFirstMonth()
        try tell(story)
        let answer = await story.run("why-not", words, "--json")
        #expect(answer.code == .success, "\(answer.all)")
        let reasons = try answer.decode(WhyNotCommand.Answer.self).reasons
        #expect(reasons.allSatisfy { $0.kind == .neverSeen || $0.sequence != nil })
        return reasons.map(\.kind)
    }

    private func tellSecond(_ story: Story) throws {
        try story.tell(Parts.arrival("data/flights/2013-02.csv", 4), as: "drop 2")
        let file = try Parts.file("data/flights/2013-02.csv", 4)
        try story.tell(
            DataAccepted(dataset: "flights", file: file, contract: Parts.digest(3), warnings: []),
            because: "drop 2")
        try story.tellVersion(2, files: [file], because: "drop 2", reason: "7,000 new rows")
    }

    @Test func `a version that its gates, its rules or a person keep out`() async throws {
        let refused = PromotionRefused(
            model: "delays", version: 2, stage: "staging", reasons: ["no better than v1"])
        let failed = try await reasons("delays@2") { story in
            try tellSecond(story)
            try story.tell(
                GatesEvaluated(
                    model: "delays", version: 2, stage: "staging", passed: false,
                    results: [GateResult(gate: "auc >= 0.9", passed: false, found: "0.69")]))
            try story.tell(refused)
        }
        #expect(failed == [.gateFailed])
        let other = try await reasons("delays@2") { story in
            try tellSecond(story)
            try story.tell(refused)
        }
        #expect(other == [.refused])
        let asked = ApprovalRequested(model: "delays", version: 2, stage: "production")
        let waits = try await reasons("delays@2") { story in
            try tellSecond(story)
            try story.tell(asked)
        }
        #expect(waits == [.waitsForApproval])
        let rejected = try await reasons("delays@2") { story in
            try tellSecond(story)
            try story.tell(asked)
            try story.tell(
                ApprovalDecided(
                    model: "delays", version: 2, stage: "production", approved: false, uid: 1000,
                    comment: "not before the holidays"))
        }
        #expect(rejected == [.rejected])
    }

    @Test func `a version that was live and is not any more`() async throws {
        func deployed(_ version: Int, isRollback: Bool = false) -> DeploymentCompleted {
            DeploymentCompleted(
                model: "delays", version: version, artifact: Parts.digest(22), stage: "production",
                previous: nil, isRollback: isRollback)
        }
        let replaced = try await reasons("delays@1") { story in
            try tellSecond(story)
            try story.tell(deployed(2))
        }
        #expect(replaced == [.replaced])
        let checked = try await reasons("delays@2") { story in
            try tellSecond(story)
            try story.tell(deployed(2))
            try story.tell(
                StageChecked(
                    model: "delays", version: 2, stage: "production", passed: false,
                    checks: ["it does not load"]))
            try story.tell(deployed(1, isRollback: true))
        }
        #expect(checked == [.replaced, .checkFailed])
    }

    @Test func `a model of which nothing newer was made`() async throws {
        #expect(try await reasons("delays") { _ in } == [.nothingNew])
        let putOff = try await reasons("delays") {
            try $0.tell(TrainingDeferred(pipeline: "delays", reason: "cooling down"))
        }
        #expect(putOff == [.putOff])
        let started = RunStarted(
            pipeline: "delays", run: 2, inputs: Parts.inputs(version: 1, []), reasons: [])
        #expect(try await reasons("delays") { try $0.tell(started) } == [.runs])
        let failed = try await reasons("delays") {
            try $0.tell(started)
            try $0.tell(RunFailed(pipeline: "delays", run: 2, error: "no memory"))
        }
        #expect(failed == [.runFailed])
        let inputs = try await reasons("delays") {
            try $0.tell(SettingsRefused(sha256: Parts.digest(8), problems: ["no such key"]))
            try $0.tell(
                ContractRefused(
                    dataset: "flights", path: try Parts.path("contracts/flights.json"),
                    problems: ["no columns"]))
        }
        #expect(inputs == [.nothingNew, .settingsRefused, .contractRefused])
    }

    @Test func `a file that came to nothing`() async throws {
        let name = "data/flights/2013-02.csv"
        let path = try Parts.path(name)
        #expect(try await reasons(name) { _ in } == [.neverSeen])
        let accepted = DataAccepted(
            dataset: "flights", file: try Parts.file(name, 4), contract: Parts.digest(3),
            warnings: [])
        #expect(try await reasons(name) { try $0.tell(accepted) } == [.notTrainedYet])
        let removed = FileRemoved(
            path: path, sha256: Parts.digest(4), area: Area(.dataset, "flights"))
        #expect(try await reasons(name) { try $0.tell(removed) } == [.removed])
        let refused = FileRefused(
            path: path, reason: "it is a FIFO", size: 0, uid: 1000,
            identity: FileIdentity(
                device: 1, inode: 7, modified: 0, changed: 0, gid: 100, mode: 0o644),
            area: Area(.dataset, "flights"))
        #expect(try await reasons(name) { try $0.tell(refused) } == [.fileRefused])
        let contract = try await reasons("contracts/flights.json") {
            try $0.tell(
                ContractRefused(
                    dataset: "flights", path: try Parts.path("contracts/flights.json"),
                    problems: ["no columns"]))
        }
        #expect(contract == [.contractRefused])
        let settings = try await reasons("millrace.json") {
            try $0.tell(SettingsRefused(sha256: Parts.digest(8), problems: ["no such key"]))
        }
        #expect(settings == [.settingsRefused])
        let command = try await reasons("inbox/approve-1.json") {
            try $0.tell(
                CommandRefused(
                    path: try Parts.path("inbox/approve-1.json"), reason: "it is no JSON"))
        }
        #expect(command == [.commandRefused])
    }

    @Test func `an event that a plugin has not handled, fails on, or set aside`() async throws {
        let name = "data/flights/2013-02.csv"
        let path = try Parts.path(name)
        func tellRejected(_ story: Story) throws -> UInt64 {
            try story.tell(PluginRegistered(plugin: "notifier", from: 1))
            return try story.tell(
                DataRejected(
                    dataset: "flights", path: path, sha256: Parts.digest(4), summary: "no rows",
                    violations: [], contract: nil, quarantine: try Parts.path("quarantine/x"))
            ).sequence
        }
        #expect(
            try await reasons(name) { _ = try tellRejected($0) } == [.dropRefused, .notYetHandled])
        let fails = try await reasons(name) {
            let sequence = try tellRejected($0)
            try $0.tell(
                ReactionFailed(
                    plugin: "notifier", sequence: sequence, attempt: 1, error: "no mail",
                    retryAt: Story.now))
        }
        #expect(fails == [.dropRefused, .fails])
        let setAside = try await reasons(name) {
            let sequence = try tellRejected($0)
            try $0.tell(
                ReactionDeadLettered(
                    plugin: "notifier", sequences: [sequence], attempts: 5, error: "no mail"))
        }
        #expect(setAside == [.dropRefused, .setAside])
    }

    @Test func `a plugin that leads to nothing holds nothing up`() async throws {
        let story = try Story(
            """
            { externalPlugins: { noter: { program: "noter", about: "dataset",
              reactsTo: ["data.accepted"], emits: ["note.taken"] } } }
            """)
        try story.tellFirstMonth()
        try story.tellTroubles()
        try story.tell(PluginRegistered(plugin: "noter", from: 1))
        for plugin in ["noter", "trainer"] {
            try story.tell(
                ReactionDeadLettered(
                    plugin: plugin, sequences: [11], attempts: 5, error: "\(plugin) has no room"))
        }
        let model = await story.run("why-not", "delays")
        #expect(!model.out.contains("noter") && model.out.contains("trainer has no room"))
        // A version that was live has its answer.
        let live = await story.run("why-not", "delays@1")
        #expect(live.code == .negative && live.out.contains("it did happen"), "\(live.all)")
    }
}
