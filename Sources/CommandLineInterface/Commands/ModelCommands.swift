import Console
import Daemon
import Journal
import Millrace
import Runtime

/// The commands about a model or a pipeline that go through the inbox: approve, reject, rollback,
/// retrain.
struct ModelCommands {
    let inbox: InboxCommand

    private static let model = Argument.required("MODEL", ValueType.text, help: "the model")
    private static let pipeline = Argument.required(
        "PIPELINE", ValueType.text, help: "the pipeline")
    private static let stage = Option.value(
        "stage", short: "s", .text, help: "the stage; may be left out where there is only one")
    private static let version = Option.value(
        "version", .integer(1...Int.max),
        help: "the version; may be left out where there is only one")
    private static let target = Option.value(
        "to", .integer(1...Int.max), help: "the version to go back to; else the one before")

    private static let group = "Decide"
    private static let discussion = """
        It writes a command file into inbox/; the owner of the file, you, is recorded as the one who \
        decided. Who may write there may decide. Then it waits for the daemon's answer. Exit code 1: \
        the answer was no, or there was none in time.
        """

    var commands: [Command] { [approve, reject, rollback, retrain] }

    private var approve: Command {
        decision(
            "approve", summary: "let a version that waits into its stage",
            examples: [
                .init("approve delays", "the one that waits"),
                .init("approve delays --stage production -m 'seen by Ana'", "with a reason"),
            ])
    }

    private var reject: Command {
        decision(
            "reject", summary: "keep a version that waits out of its stage",
            examples: [.init("reject delays -m 'too many late flights'", "with a reason")])
    }

    private func decision(
        _ name: String, summary: String, examples: [Command.Example]
    ) -> Command {
        let inbox = inbox
        return Command(
            name, summary: summary, discussion: ModelCommands.discussion,
            group: ModelCommands.group, examples: examples,
            options: [ModelCommands.stage, ModelCommands.version, InboxCommand.comment]
                + InboxCommand.options,
            arguments: [ModelCommands.model]
        ) { input in
            let model = input[ModelCommands.model]
            try ModelCommands.check(model: model, input)
            var letter = InboxLetter(command: name, about: .model(model))
            letter.add("stage", input[ModelCommands.stage])
            letter.add("version", input[ModelCommands.version])
            letter.add("comment", input[InboxCommand.comment])
            return try await inbox.send(letter, input)
        }
    }

    private var rollback: Command {
        let inbox = inbox
        return Command(
            "rollback", summary: "move a stage back to an earlier version",
            discussion: ModelCommands.discussion, group: ModelCommands.group,
            examples: [
                .init("rollback delays", "production, to the version before"),
                .init("rollback delays --to 3 -m 'complaints'", "to a version that was live"),
            ],
            options: [ModelCommands.stage, ModelCommands.target, InboxCommand.comment]
                + InboxCommand.options,
            arguments: [ModelCommands.model]
        ) { input in
            let model = input[ModelCommands.model]
            try ModelCommands.check(model: model, input)
            var letter = InboxLetter(command: "rollback", about: .model(model))
            letter.add("stage", input[ModelCommands.stage])
            letter.add("version", input[ModelCommands.target])
            letter.add("comment", input[InboxCommand.comment])
            return try await inbox.send(letter, input)
        }
    }

    private var retrain: Command {
        let inbox = inbox
        return Command(
            "retrain", summary: "train now, on the data that is there",
            discussion: ModelCommands.discussion, group: ModelCommands.group,
            examples: [.init("retrain delays -m 'new feature'", "with a reason")],
            options: [InboxCommand.comment] + InboxCommand.options,
            arguments: [ModelCommands.pipeline]
        ) { input in
            let pipeline = input[ModelCommands.pipeline]
            try ModelCommands.check(model: pipeline, input)
            var letter = InboxLetter(command: "retrain", about: .pipeline(pipeline))
            letter.add("comment", input[InboxCommand.comment])
            return try await inbox.send(letter, input)
        }
    }

    /// A mistyped name is noticed here, not in the daemon's log. Before the first start every name
    /// is taken.
    private static func check(model: String, _ input: Invocation) throws {
        let layout = try Shared.layout(input)
        let view = try WorkspaceView(
            JournalReader(directory: layout.journal),
            projections: [SettingsInForce.self, ModelRegistry.self])
        let pipelines = view.state(SettingsInForce.self).settings?.pipelines ?? [:]
        let names = Set(pipelines.keys).union(view.state(ModelRegistry.self).models.keys).sorted()
        guard !names.isEmpty, !names.contains(model) else { return }
        let meant = suggestions(for: model, among: names)
        throw CommandFailure(
            .missing, "there is no model or pipeline '\(model)'",
            advice: meant.isEmpty
                ? "there are: \(names.joined(separator: ", "))"
                : "Did you mean '\(meant.joined(separator: "' or '"))'?")
    }
}

extension InboxLetter {
    mutating func add(_ key: String, _ text: String?) {
        if let text { arguments.append(.init(key, .string(text))) }
    }

    mutating func add(_ key: String, _ number: Int?) {
        if let number { arguments.append(.init(key, .integer(Int64(number)))) }
    }
}
