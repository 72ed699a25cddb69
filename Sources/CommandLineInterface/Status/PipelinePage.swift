import Console
import Millrace

/// One pipeline's part of the status.
struct PipelinePage {
    let pipeline: StatusReport.PipelineState
    let now: Timestamp

    func lines(for terminal: Terminal) -> [Text] {
        var head: Text = "\("PIPELINE", .strong) \(pipeline.name, .name)"
        if let dataset = pipeline.dataset {
            head += " on \(dataset)"
        } else {
            head += " (no longer in the settings)"
        }
        var items: [(label: String, text: Text)] = []
        for stage in pipeline.stages.reversed() {
            items.append((stage.stage, text(of: stage, isLast: stage.stage == production)))
        }
        if let challenger = pipeline.challenger {
            items.append(("challenger", text(of: challenger)))
        }
        items += pipeline.running.map { ("running", text(of: $0, terminal)) }
        items += pipeline.waitingForApproval.map { waiting in
            let version = Text("v\(waiting.version)", .strong)
            return (
                "approval",
                "\(version) \("waits", .warning) for \(waiting.stage): "
                    + "millrace approve \(pipeline.name)"
            )
        }
        if let drift = pipeline.drift { items.append(("drift", text(of: drift))) }
        if let training { items.append(("training", training)) }
        let column = items.map(\.label.count).max() ?? 0
        return [head]
            + items.flatMap { item in
                folded(item.text, label: item.label, column: column, terminal)
            }
    }

    private var production: String? { pipeline.stages.last?.stage }

    private func text(of stage: StatusReport.PipelineState.Stage, isLast: Bool) -> Text {
        guard let version = stage.version else { return Text("nothing yet", .faint) }
        var text = Text("v\(version)", isLast ? .good : .strong)
        if let since = stage.since { text += ", deployed \(Format.relative(since, to: now))" }
        if stage.rollback { text += ", \("rolled back", .warning)" }
        if stage.checkPassed == false { text += ", \("check not passed", .bad)" }
        if !stage.metrics.isEmpty { text += ": \(EventText.metrics(stage.metrics))" }
        return text
    }

    private func text(of challenger: StatusReport.PipelineState.Challenger) -> Text {
        let version = Text("v\(challenger.version)", .strong)
        let stage = challenger.stage ?? ""
        // Metrics of two versions can be compared only when they were measured on the same rows.
        let against =
            challenger.comparison.map { found in
                let sign = found.gain < 0 ? "" : "+"
                return """
                    : \(found.metric) \(sign)\(Format.fixed(found.gain, 4)) against \
                    v\(found.champion) on the same \(Format.count(found.rows)) rows
                    """
            } ?? ": \(EventText.metrics(challenger.metrics))"
        switch challenger.state {
        case .refused:
            let reasons = challenger.reasons.joined(separator: "; ")
            return "\(version) \("refused", .warning) for \(stage): \(reasons)"
        case .waits: return "\(version) waits for approval to enter \(stage)\(against)"
        case .staged: return "\(version) is in \(stage)\(against)"
        case .evaluated: return "\(version) was measured\(against)"
        case .trained: return "\(version) was trained: \(EventText.metrics(challenger.metrics))"
        }
    }

    private func text(
        of run: StatusReport.PipelineState.Run, _ terminal: Terminal
    ) -> Text {
        var text: Text = "run \(run.run), \(run.algorithm) on v\(run.datasetVersion) of "
        text += "\(run.dataset), started \(Format.relative(run.since, to: now))"
        if let fraction = run.fraction {
            let bar = Chart.bar(fraction, width: 10, unicode: terminal.usesUnicode)
            text += "  \(bar) \(Format.percent(fraction, 0))"
            if let doing = run.doing, !doing.isEmpty { text += " \(doing)" }
        }
        return text
    }

    private func text(of drift: StatusReport.PipelineState.Drift) -> Text {
        let when = Format.relative(drift.time, to: now)
        let rows = "\(Format.count(drift.rows)) rows against v\(drift.referenceVersion)"
        guard drift.drifted else {
            return "\("none", .good) \(when), in \(rows)"
        }
        let columns = drift.columns.joined(separator: ", ")
        return """
            \(columns, .warning) (\(drift.columns.count) of \
            \(Format.count(drift.measured, "column"))), \(when), \(rows)
            """
    }

    private var training: Text? {
        let training = pipeline.training
        var text = Text()
        if let time = training.lastRequestTime {
            text += "asked for \(Format.relative(time, to: now)): "
            text += Text(training.lastRequest.joined(separator: "; "))
        }
        if let run = training.lastRun, let outcome = training.lastOutcome {
            if !text.isEmpty { text += "; " }
            text += "run \(run) \(outcome, outcome == "failed" ? .bad : .plain)"
            // A program's last words may have many lines; the first says what it was.
            if let error = training.lastError?.split(separator: "\n").first {
                text += ": \(String(error))"
            }
        }
        if let deferral = training.lastDeferral {
            if !text.isEmpty { text += "; " }
            text += "last put off: \(deferral)"
        }
        return text.isEmpty ? nil : text
    }

    /// The label, and beside it the text; what does not fit goes on below it.
    private func folded(
        _ text: Text, label: String, column: Int, _ terminal: Terminal
    ) -> [Text] {
        let start = column + 4
        let head = "  " + Text(label).padded(to: column + 2)
        if start + text.width <= terminal.width { return [head + text] }
        // Folding loses the styles of the parts: only long lines are folded.
        let pieces = wrapped(text.plain, width: max(20, terminal.width - start))
        return pieces.enumerated().map { index, piece in
            (index == 0 ? head : Text.spaces(start)) + Text(piece)
        }
    }
}
