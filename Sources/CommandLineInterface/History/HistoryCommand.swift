import Console
import Daemon
import Millrace
import Runtime

/// `millrace history`: who was live when, and why.
struct HistoryCommand {
    let clock: @Sendable () -> Timestamp

    private static let model = Argument.required("MODEL", .text, help: "the model's name")
    private static let stage = Option.value(
        "stage", .text, help: "this stage; else the last one of the pipeline")

    /// The shape of `millrace history --json`.
    struct Answer: Codable, Sendable {
        var model: String
        var stage: String
        /// The first first.
        var changes: [StageChronicle.Change]
    }

    var command: Command {
        let clock = clock
        return Command(
            "history", summary: "which version was live when, and why each took its place",
            discussion: """
                Every change of a stage from the first day, the last one first: what went live, for \
                how long, and the reason: what the gates found, who approved, who rolled it back or \
                which check it failed. 'millrace why #NUMBER' tells more about any of them.
                """,
            group: "Ask",
            examples: [
                .init("history delays", "the champions of a model"),
                .init("history delays --stage staging", "the same for another stage"),
                .init("history delays --at 2026-03-03", "as it stood then"),
            ],
            options: [HistoryCommand.stage, Shared.at, Shared.json, Shared.workspace],
            arguments: [HistoryCommand.model]
        ) { input in
            let reader = try Reading.journal(try Shared.layout(input))
            let now = clock()
            let moment = try Shared.moment(input, now: now)
            let view = try WorkspaceView(
                reader, projections: [ModelRegistry.self, SettingsInForce.self], at: moment)
            let models = view.state(ModelRegistry.self).models.filter { !$0.value.tenures.isEmpty }
            let name = input[HistoryCommand.model]
            guard models[name] != nil else {
                throw HistoryCommand.missing(name, Array(models.keys))
            }
            let all = try StageChronicle(EvidenceSearch(reader, view), of: name).changes
            let pipeline = view.state(SettingsInForce.self).settings?.pipelines[name]
            let stage =
                input[HistoryCommand.stage] ?? pipeline?.stages.last ?? all.last?.stage ?? ""
            let changes = all.filter { $0.stage == stage }
            guard !changes.isEmpty else {
                let stages = Set(all.map(\.stage)).sorted().joined(separator: ", ")
                throw CommandFailure(
                    .missing, "no version of \(name) was ever in '\(stage)'",
                    advice: Text("it was in: \(stages)"))
            }
            if input[Shared.json] {
                try Reading.write(
                    Answer(model: name, stage: stage, changes: changes), to: input.out)
            } else {
                let page = HistoryPage(
                    model: name, stage: stage, changes: changes,
                    now: moment.time(present: now, last: view.time))
                input.out.lines(page.lines(for: input.out.terminal))
            }
            return .success
        }
    }

    private static func missing(_ name: String, _ models: [String]) -> CommandFailure {
        let meant = suggestions(for: name, among: models)
        let advice =
            meant.isEmpty
            ? models.isEmpty
                ? "nothing was deployed yet"
                : "there are: \(models.sorted().joined(separator: ", "))"
            : "Did you mean '\(meant.joined(separator: "' or '"))'?"
        return CommandFailure(
            .missing, "no version of '\(name)' was ever live", advice: Text(advice))
    }
}

/// The history of a stage for people.
struct HistoryPage {
    let model: String
    let stage: String
    let changes: [StageChronicle.Change]
    let now: Timestamp

    func lines(for terminal: Terminal) -> [Text] {
        let first = changes.first.map { String($0.since.description.prefix(10)) } ?? ""
        var lines: [Text] = [
            """
            \(model, .strong) in \(stage, .strong): \
            \(Format.count(changes.count, "change")) since \(first)
            """,
            Text(),
        ]
        for change in changes.reversed() { lines += entry(change, terminal) }
        return lines
    }

    private func entry(_ change: StageChronicle.Change, _ terminal: Terminal) -> [Text] {
        let seconds = (change.until ?? now).seconds(since: change.since)
        let span = Format.duration(seconds: max(0, seconds))
        let version = Text("v\(change.version)", change.until == nil ? .good : .strong)
        let mark: Text = change.until == nil ? "live for \(span)" : "for \(span)"
        let head: Text = """
            \(version.padded(to: 4)) \(Format.dateAndTime(change.since).dropLast(3)) UTC  \
            \(mark.padded(to: 18)) \(metric(change)) \(Text("#\(change.sequence)", .name))
            """
        var lines = [head]
        lines += folded(why(change), style(change), terminal)
        if !change.trainedFor.isEmpty, change.cause == .gates || change.cause == .approval {
            let reasons = change.trainedFor.joined(separator: "; ")
            let words =
                switch reasons {
                case "first model": "trained as the first model"
                case _ where reasons.hasPrefix("asked for"): "trained, as was \(reasons)"
                default: "trained for \(reasons)"
                }
            lines += folded(words, .faint, terminal)
        }
        return lines
    }

    private func metric(_ change: StageChronicle.Change) -> Text {
        let name = ["auc", "rmse"].first { change.metrics[$0] != nil } ?? change.metrics.keys.min()
        guard let name, let value = change.metrics[name] else { return "" }
        return "\(name) \(Format.fixed(value, 4)) "
    }

    private func why(_ change: StageChronicle.Change) -> String {
        switch change.cause {
        case .gates: "passed its gates: \(change.reason)"
        // The plan's own words name the person first.
        case .approval, .rollback: change.reason
        case .failedCheck: "back again: \(change.reason)"
        }
    }

    private func style(_ change: StageChronicle.Change) -> Style {
        switch change.cause {
        case .gates, .approval: .plain
        case .rollback, .failedCheck: .warning
        }
    }

    private func folded(_ text: String, _ style: Style, _ terminal: Terminal) -> [Text] {
        wrapped(text, width: max(20, terminal.width - 5)).map { .spaces(5) + Text($0, style) }
    }
}
