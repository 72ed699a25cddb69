import Console
import Daemon
import Journal
import Millrace
import Runtime

/// `millrace bisect`: what made a metric fall.
struct BisectCommand {
    let registry: PluginRegistry

    private static let model = Option.value("model", .text, help: "the model")
    private static let metric = Option.value(
        "metric", .text, default: "auc", help: "the metric, such as auc or rmse")
    private static let below = Option.value(
        "below", ValueType<Double>.decimal, help: "bad is less than this")
    private static let above = Option.value(
        "above", ValueType<Double>.decimal, help: "bad is more than this")
    private static let train = Option.flag(
        "train", help: "train in between (in a scratch folder), to name the one event")

    /// The shape of `millrace bisect --json`.
    struct Answer: Codable, Sendable {
        var model: String
        var metric: String
        var good: MetricBisect.Version
        var bad: MetricBisect.Version
        /// What changed between the two.
        var candidates: [EventRecord]
        /// The one that it was; nil when only training could tell.
        var culprit: EventRecord?
        var versionsAsked: Int
        var trainings: Int
        /// Between the first good version and the last bad one.
        var changes: Int
        /// As many looks as halving those takes at most.
        var questionsMax: Int
        /// The newest version, when it is good again.
        var recovered: MetricBisect.Version?
    }

    var command: Command {
        let registry = registry
        return Command(
            "bisect", summary: "which drop, code or settings made a metric fall",
            discussion: """
                Halves history, as git does: what changed from the first good version to the last \
                bad one. A version that was made at such a place says what it measured; where none \
                was made, a model is trained as it would have been then (--train). That takes at \
                most log2(n)+1 looks for n changes. Nothing in the workspace is written.
                """,
            group: "Ask",
            examples: [
                .init("bisect --model delays --below 0.75", "what made the AUC fall?"),
                .init("bisect --model delays --below 0.75 --train", "exactly which drop?"),
                .init("bisect --model price --metric rmse --above 12", "an error that rose"),
            ],
            options: [
                BisectCommand.model, BisectCommand.metric, BisectCommand.below,
                BisectCommand.above, BisectCommand.train, Shared.json, Shared.workspace,
            ]
        ) { input in
            let question = try BisectCommand.question(input)
            let layout = try Shared.layout(input)
            let reader = try Reading.journal(layout)
            let bisect = MetricBisect(reader, registry: registry, question: question)
            let answer: MetricBisect.Answer
            let scratch = try ScratchFolder("bisect")
            defer { scratch.remove() }
            do {
                answer = try await bisect.run(
                    on: input[BisectCommand.train]
                        ? try WhatIfMachine(of: layout, scratch: scratch.path) : nil)
            } catch let nothing as MetricBisect.Nothing {
                throw BisectCommand.failure(nothing, question)
            }
            let catalogue = Reading.catalogue(registry)
            if input[Shared.json] {
                try Reading.write(
                    Answer(
                        model: question.model, metric: question.metric, good: answer.good,
                        bad: answer.bad,
                        candidates: answer.candidates.map { EventRecord($0.event, catalogue) },
                        culprit: answer.culprit.map { EventRecord($0.event, catalogue) },
                        versionsAsked: answer.versionsAsked, trainings: answer.trainings,
                        changes: answer.changes, questionsMax: answer.questionsMax,
                        recovered: answer.recovered), to: input.out)
            } else {
                let page = BisectPage(question: question, answer: answer, catalogue: catalogue)
                input.out.lines(page.lines(for: input.out.terminal))
            }
            return .success
        }
    }

    private static func question(_ input: Invocation) throws -> MetricBisect.Question {
        guard let model = input[model] else {
            throw CommandFailure(.usage, "name a model with --model")
        }
        let (low, high) = (input[below], input[above])
        guard (low == nil) != (high == nil) else {
            throw CommandFailure(.usage, "say what is bad: either --below or --above")
        }
        return MetricBisect.Question(
            model: model, metric: input[metric], below: low, above: high)
    }

    private static func failure(
        _ nothing: MetricBisect.Nothing, _ question: MetricBisect.Question
    ) -> CommandFailure {
        let metric = question.metric
        func words(_ version: MetricBisect.Version) -> String {
            "v\(version.version) with \(Format.fixed(version.value, 4))"
        }
        switch nothing {
        case .noVersions:
            return CommandFailure(
                .missing, "there is no model '\(question.model)' with a version",
                advice: "'millrace status' lists models")
        case .neverBad(_, let worst):
            return CommandFailure(
                .negative,
                "\(metric) of \(question.model) never was that bad: the worst is \(words(worst))")
        case .alwaysBad(let first):
            return CommandFailure(
                .negative,
                "no version before was good: \(metric) of \(words(first)) has nothing to fall from")
        case .notMeasured(let metric, let known):
            return CommandFailure(
                .missing, "\(question.model) was never measured by '\(metric)'",
                advice: Text("it has: \(known.joined(separator: ", "))"))
        }
    }
}

extension ValueType where Value == Double {
    static let decimal = ValueType(
        placeholder: "NUMBER", expectation: "a number",
        parse: { $0.text.flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil } })
}

/// What made a metric fall, for people.
struct BisectPage {
    let question: MetricBisect.Question
    let answer: MetricBisect.Answer
    let catalogue: EventCatalogue

    private static let shown = 12

    func lines(for terminal: Terminal) -> [Text] {
        let (good, bad) = (answer.good, answer.bad)
        let verb = question.below == nil ? "rose above" : "fell below"
        let bound = question.below ?? question.above ?? 0
        var lines: [Text] = [
            "\(question.metric, .strong) of \(question.model, .strong) \(verb) \(bound) with \("v\(bad.version)", .bad)"
        ]
        lines += versions([(good, .plain), (bad, .bad)])
        lines.append(Text())
        if let culprit = answer.culprit {
            lines.append("\("it was", .strong)")
            lines += entry(culprit.event, .bad, terminal)
            if answer.candidates.count > 1 {
                lines.append(
                    Text(
                        "of \(Format.count(answer.candidates.count, "change")) between the two",
                        .faint))
            }
        } else if answer.candidates.isEmpty {
            lines.append("nothing that a version is made from changed between the two")
        } else {
            lines.append(
                "one of these \(Format.count(answer.candidates.count, "change")) (--train tells which)"
            )
            for candidate in answer.candidates.prefix(BisectPage.shown) {
                lines += entry(candidate.event, .plain, terminal)
            }
            let more = answer.candidates.count - BisectPage.shown
            if more > 0 { lines.append(Text("  and \(more) more; --json has all", .faint)) }
        }
        let looked =
            Format.count(answer.versionsAsked, "version") + " looked at, "
            + Format.count(answer.trainings, "training")
        let changes = Format.count(answer.changes, "change")
        let need = answer.changes == 1 ? "needs" : "need"
        lines.append(
            Text("\(looked); \(changes) in all \(need) at most \(answer.questionsMax)", .faint))
        if let recovered = answer.recovered {
            lines.append("v\(recovered.version) is good again: \(Format.fixed(recovered.value, 4))")
        }
        return lines
    }

    private func versions(_ rows: [(MetricBisect.Version, Style)]) -> [Text] {
        let cells = rows.map { version, style in
            (Text("v\(version.version)"), Text(Format.fixed(version.value, 4), style), version)
        }
        let widths = (cells.map(\.0.width).max() ?? 0, cells.map(\.1.width).max() ?? 0)
        return cells.map { name, value, version in
            "  " + name.padded(to: widths.0) + "  " + value.padded(to: widths.1, .right)
                + "  \(Format.dateAndTime(version.time))  #\(version.sequence)"
        }
    }

    private func entry(_ event: Event, _ style: Style, _ terminal: Terminal) -> [Text] {
        let line: Text = """
              \("#\(event.sequence)", .name) \(String(event.time.description.prefix(10)))  \
            \(event.type, style)  \(catalogue.summary(of: event))
            """
        return [line.fitted(to: terminal)]
    }
}
