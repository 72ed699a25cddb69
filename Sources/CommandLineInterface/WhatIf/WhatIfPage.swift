import Console
import Millrace
import Runtime

/// What would have been, for people.
struct WhatIfPage {
    let outcome: WhatIfOutcome
    let trains: Bool

    private static let shown = 12

    func lines(for terminal: Terminal) -> [Text] {
        var lines: [Text] = [head]
        if outcome.since > 1 { lines.append("with the change from #\(outcome.since, .name) on") }
        if outcome.isEmpty {
            lines.append("\("no difference", .good): every decision would have been the same")
        } else {
            lines += summary(terminal)
        }
        if outcome.setAside > 0 {
            let events = Format.count(outcome.setAside, "event")
            lines.append(
                Text("\(events) that plugins could not handle stay set aside", .faint))
        }
        lines += differences(terminal)
        lines += unknown(terminal)
        return lines
    }

    private var head: Text {
        guard let from = outcome.from, let to = outcome.to else {
            return "nothing has happened yet"
        }
        let records = Format.count(Int(clamping: outcome.records), "record")
        let reactions =
            outcome.reactions == 0
            ? "none of them run again"
            : "\(Format.count(outcome.reactions, "reaction")) run again"
        return """
            \("WHAT IF", .strong)  \(day(from)) to \(day(to)), \(records), \(reactions)
            """
    }

    private func day(_ time: Timestamp) -> String { String(time.description.prefix(10)) }

    // MARK: the sum

    private func summary(_ terminal: Terminal) -> [Text] {
        var items: [(term: Text, explanation: String)] = []
        func add(_ term: String, _ explanation: String?) {
            if let explanation { items.append((Text(term, .strong), explanation)) }
        }
        let refused = outcome.differences.count {
            $0.kind == .contract && $0.wouldBe?.outcome == "refused"
        }
        add("contracts", refused > 0 ? "\(Format.count(refused)) would have been refused" : nil)
        add("drops", drops)
        add(
            "drift",
            change(
                outcome.was.drifts, outcome.wouldBe.drifts, "measurement with drift",
                "measurements with drift"))
        add("trainings", trainings)
        add("promotions", promotions)
        add(
            "rollbacks",
            change(outcome.was.rollbacks, outcome.wouldBe.rollbacks, "rollback", "rollbacks"))
        for champion in outcome.champions {
            let was = champion.was.map { "v\($0)" } ?? "nothing"
            let wouldBe = champion.wouldBe.map { "v\($0)" } ?? "nothing"
            let words =
                was == wouldBe
                ? "\(wouldBe), which would be another model"
                : "\(wouldBe) in place of \(was)"
            add("\(champion.model)", "in \(champion.stage) at the end: \(words)")
        }
        return definitionList(items, width: terminal.width)
    }

    private func count(
        _ kind: Decision.Kind, was: String?, wouldBe: String?
    ) -> Int {
        outcome.differences.count {
            $0.kind == kind && $0.was?.outcome == was && $0.wouldBe?.outcome == wouldBe
        }
    }

    private var drops: String? {
        let refused = count(.drop, was: "accepted", wouldBe: "refused")
        let accepted = count(.drop, was: "refused", wouldBe: "accepted")
        var words: [String] = []
        let all = Format.count(outcome.was.drops)
        if refused > 0 {
            words.append("\(Format.count(refused)) of \(all) would have been refused")
        }
        if accepted > 0 {
            words.append("\(Format.count(accepted)) of \(all) would have been accepted")
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    private var trainings: String? {
        var words = change(
            outcome.was.trainings, outcome.wouldBe.trainings, "training", "trainings")
        let unknown = outcome.unknown.count { $0.isTraining }
        if unknown > 0 {
            let sentence =
                "the outcome of \(Format.count(unknown)) is unknown"
                + (trains ? "" : " (--train finds out)")
            words = (words.map { $0 + "; " } ?? "") + sentence
        }
        return words
    }

    private var promotions: String? {
        let production = outcome.differences.filter { $0.kind == .promotion }
        let lost = production.count {
            $0.was?.outcome == "deployed" && $0.wouldBe?.outcome != "deployed"
        }
        let won = production.count {
            $0.was?.outcome != "deployed" && $0.wouldBe?.outcome == "deployed"
        }
        let others = production.count {
            $0.was?.outcome == "deployed" && $0.wouldBe?.outcome == "deployed"
        }
        var words: [String] = []
        if others > 0 { words.append("\(Format.count(others)) would have been of another model") }
        if lost > 0 { words.append("\(Format.count(lost)) would not have happened") }
        if won > 0 { words.append("\(Format.count(won)) would have happened that did not") }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    private func change(_ was: Int, _ wouldBe: Int, _ one: String, _ many: String) -> String? {
        guard was != wouldBe else { return nil }
        let difference = abs(wouldBe - was)
        return "\(Format.count(difference, one, plural: many)) "
            + (wouldBe < was ? "fewer" : "more")
            + " (\(Format.count(wouldBe)) in place of \(Format.count(was)))"
    }

    // MARK: one by one

    /// Those whose outcome is another. What only has another reason, and what only follows from a
    /// difference that is shown, is counted.
    private var telling: [WhatIfOutcome.Difference] {
        var versions: Set<String> = []
        return outcome.differences.filter { difference in
            // A promotion with the same outcome is here because it is of another model.
            if difference.kind != .promotion,
                difference.was?.outcome == difference.wouldBe?.outcome
            {
                return false
            }
            guard let about = (difference.was ?? difference.wouldBe)?.about else { return false }
            switch difference.kind {
            case .drift:
                return [difference.was?.outcome, difference.wouldBe?.outcome].contains("drift")
            case .training:
                return [difference.was?.outcome, difference.wouldBe?.outcome].contains("requested")
            case .promotion:
                // `delays v14 to staging`: what becomes of a version is told once.
                let version = about.split(separator: " ").prefix(2).joined(separator: " ")
                let isNew = versions.insert(version).inserted
                return isNew || difference.wouldBe != nil
            case .drop, .contract, .failure: return true
            }
        }
    }

    private func differences(_ terminal: Terminal) -> [Text] {
        let all = telling
        let others = outcome.differences.count - all.count
        guard !outcome.differences.isEmpty else { return [] }
        var lines: [Text] = [Text(), Text("DECISIONS THAT DIFFER", .strong)]
        for difference in all.prefix(WhatIfPage.shown) {
            lines += text(of: difference, terminal)
        }
        var rest: [String] = []
        if all.count > WhatIfPage.shown {
            rest.append("\(Format.count(all.count - WhatIfPage.shown)) more")
        }
        if others > 0 {
            rest.append(
                "\(Format.count(others)) that follow from these, or differ in the reason alone")
        }
        if !rest.isEmpty {
            lines += wrapped(
                "and \(rest.joined(separator: ", and ")); --json has all", width: terminal.width
            ).map { Text($0, .faint) }
        }
        return lines
    }

    private func text(
        of difference: WhatIfOutcome.Difference, _ terminal: Terminal
    ) -> [Text] {
        guard let decision = difference.was ?? difference.wouldBe else { return [] }
        let head: Text = """
            #\(decision.sequence, .name) \(day(decision.time))  \(decision.kind.rawValue) \
            \(decision.about, .strong)
            """
        var lines = [head.fitted(to: terminal)]
        lines += side("was", difference.was, terminal)
        lines += side("would be", difference.wouldBe, terminal)
        return lines
    }

    private func side(
        _ label: String, _ decision: Decision?, _ terminal: Terminal
    ) -> [Text] {
        var words = decision?.outcome ?? "nothing to decide"
        if let reason = decision?.reason, !reason.isEmpty { words += ": \(reason)" }
        let start = 12
        let pieces = wrapped(sanitizedLine(words), width: max(20, terminal.width - start))
        return pieces.enumerated().map { index, piece in
            (index == 0 ? "  " + Text(label, .faint).padded(to: start - 2) : .spaces(start))
                + Text(piece, style(of: decision))
        }
    }

    private func sanitizedLine(_ text: String) -> String {
        text.replacing("\n", with: " ")
    }

    private func style(of decision: Decision?) -> Style {
        switch decision?.outcome {
        case "accepted", "deployed": .good
        case "refused", "failed": .bad
        case nil: .faint
        default: .plain
        }
    }

    private func unknown(_ terminal: Terminal) -> [Text] {
        guard !outcome.unknown.isEmpty else { return [] }
        var lines: [Text] = [Text(), Text("OUTCOME UNKNOWN", .strong)]
        for item in outcome.unknown.prefix(WhatIfPage.shown) {
            lines.append("#\(item.sequence, .name) \(day(item.time))  would \(item.what)")
        }
        let more = outcome.unknown.count - WhatIfPage.shown
        if more > 0 {
            lines.append(Text("and \(Format.count(more)) more; --json has all", .faint))
        }
        lines += wrapped(
            "What comes after these is shown as if they had come to nothing.",
            width: terminal.width
        ).map { Text($0, .faint) }
        return lines
    }
}
