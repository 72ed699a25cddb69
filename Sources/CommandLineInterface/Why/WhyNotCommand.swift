import Console
import Daemon
import LinuxSystem
import Millrace
import Runtime

/// `millrace why-not`: why an expected thing did not happen.
struct WhyNotCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let fact = Argument.required(
        "WHAT", .text, help: "MODEL@VERSION, MODEL, or the path of a dropped file")

    /// The shape of `millrace why-not --json`.
    struct Answer: Codable, Sendable {
        var what: String
        /// Empty: it did happen.
        var reasons: [WhyNot.Reason]
    }

    var command: Command {
        let registry = registry
        let clock = clock
        return Command(
            "why-not", summary: "why an expected thing did not happen",
            discussion: """
                For MODEL@VERSION: why it is not live: a gate, an approval that is missing, a \
                rejection, a check, a rollback. For MODEL: why there is no newer version: a \
                cool-down, too few rows, a run that failed, a drop or contract or settings that were \
                refused. For a path: what became of the file instead. And for all: what a plugin \
                could not handle, or has not handled yet. Each reason names the record that says so. \
                Exit code 1: it did happen, there is nothing to explain.
                """,
            group: "Ask",
            examples: [
                .init("why-not delays@5", "why is version 5 not in production?"),
                .init("why-not delays", "why is there nothing newer?"),
                .init("why-not data/flights/2013-03.csv", "why was the drop not used?"),
                .init("why-not delays --at 2026-03-03", "why was there nothing newer then?"),
            ],
            options: [Shared.at, Shared.json, Shared.workspace],
            arguments: [WhyNotCommand.fact]
        ) { input in
            let layout = try Shared.layout(input)
            let reader = try Reading.journal(layout)
            let moment = try Shared.moment(input, now: clock())
            let view = try WorkspaceView(
                reader, projections: [SettingsInForce.self, ModelRegistry.self], at: moment)
            let settings = view.state(SettingsInForce.self).settings ?? WorkspaceSettings()
            let words = input[WhyNotCommand.fact]
            let question = try WhyNotCommand.question(
                words, view.state(ModelRegistry.self), settings, layout)
            let evidence = try WhyNotEvidence(
                reader, question, settings: settings,
                plugins: Reading.plugins(registry, in: layout), at: moment)
            let answer = Answer(what: words, reasons: WhyNot(evidence).reasons)
            if input[Shared.json] {
                try Reading.write(answer, to: input.out)
            } else {
                input.out.lines(WhyNotCommand.page(answer, input.out.terminal))
            }
            return answer.reasons.isEmpty ? .negative : .success
        }
    }

    private static func question(
        _ text: String, _ models: ModelRegistry, _ settings: WorkspaceSettings,
        _ layout: WorkspaceLayout
    ) throws -> WhyNot.Question {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let name = String(parts[0])
        if models.models[name] != nil || settings.pipelines[name] != nil {
            if parts.count == 1 { return .model(name) }
            let digits = parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1]
            if let version = Int(digits), models.models[name]?.versions[version] != nil {
                return .version(model: name, version)
            }
            let latest = models.models[name]?.latest ?? 0
            throw CommandFailure(
                .missing, "\(name) has no version '\(String(parts[1]))'",
                advice: latest > 0
                    ? "the newest is \(name)@\(latest); 'millrace why-not \(name)' says why"
                    : "'millrace why-not \(name)' says why there is none yet")
        }
        guard text.contains("/") || text == "millrace.json",
            let path = WorkspacePath(escaped: relative(text, to: layout))
        else {
            let meant = suggestions(for: text, among: Array(settings.pipelines.keys))
            throw CommandFailure(
                .missing, "nothing here is called '\(text)'",
                advice: meant.isEmpty ? nil : Text("Did you mean '\(meant[0])'?"))
        }
        return .file(path)
    }

    /// A path as the shell completes it, from the workspace's root.
    private static func relative(_ text: String, to layout: WorkspaceLayout) -> String {
        let root = layout.root.description + "/"
        return text.hasPrefix(root) ? String(text.dropFirst(root.count)) : text
    }

    private static func page(_ answer: Answer, _ terminal: Terminal) -> [Text] {
        guard !answer.reasons.isEmpty else {
            return [
                "\(answer.what, .strong): \("it did happen", .good); 'millrace why' tells how"
            ]
        }
        var lines: [Text] = []
        for reason in answer.reasons {
            let pieces = wrapped(reason.words.replacing("\n", with: " "), width: terminal.width - 2)
            for (index, piece) in pieces.enumerated() {
                lines.append((index == 0 ? "" : "  ") + Text(piece, index == 0 ? .strong : .plain))
            }
            if let sequence = reason.sequence, let time = reason.time {
                lines.append(
                    "  \("#\(sequence)", .name)  \(Format.dateAndTime(time))  \(reason.actor ?? "")"
                )
            }
            if let advice = reason.advice { lines.append("  \(advice, .good)") }
        }
        return lines
    }
}
