import Console
import Millrace
import Runtime

/// A proof that holds, for people.
struct ProofPage {
    let bundle: ProofBundle
    let catalogue = EventCatalogue()

    /// Facts of one kind that are shown one by one.
    private static let shown = 3

    func lines(for terminal: Terminal) -> [Text] {
        let claim = bundle.claim
        let name = "\(claim.model) v\(claim.version)"
        let verb = claim.isLive ? "is live" : "went live"
        var lines: [Text] = [
            "\(name, .strong) \(verb) in \(claim.stage): \("proved", .good)",
            "  model   \(claim.artifact)",
            "  head    \(claim.head):\(claim.headHash)",
        ]
        let records = Format.count(bundle.records.count, "record")
        let chain =
            claim.isWhole
            ? "\(records), chained without a gap up to the head"
            : "\(records); those between them are not here (--full)"
        lines.append("  chain   \(chain)")
        lines.append("  bytes   \(Format.count(bundle.objects.count, "object")) beside the records")
        lines.append(Text())
        return lines + steps(for: terminal)
    }

    /// What a record says stands beside it where there is room, and below it elsewhere: a sentence
    /// that is cut off explains nothing.
    private func steps(for terminal: Terminal) -> [Text] {
        let rows = rows
        var beside = table([.init("WHAT")])
        for row in rows { beside.add(row.cells + [Text(row.words)]) }
        let whole = beside.lines(for: Terminal(usesUnicode: terminal.usesUnicode))
        guard whole.contains(where: { $0.width > terminal.lineMax }) else { return whole }
        var above = table([])
        for row in rows { above.add(row.cells) }
        let heads = above.lines(for: terminal)
        var lines = Array(heads.prefix(1))
        for (head, row) in zip(heads.dropFirst(), rows) {
            lines.append(head)
            guard !row.words.isEmpty else { continue }
            let words = row.words.replacing("\n", with: " ")
            lines += wrapped(words, width: max(20, terminal.width - 4)).map {
                .spaces(4) + Text($0)
            }
        }
        return lines
    }

    private func table(_ last: [TextTable.Column]) -> TextTable {
        TextTable(
            [
                .init("STEP"), .init("RECORD", .right), .init("WHEN (UTC)"),
                .init("WHO", cut: .end), .init("SHA-256"),
            ] + last)
    }

    private var rows: [(cells: [Text], words: String)] {
        var rows: [(cells: [Text], words: String)] = []
        for group in groups {
            for (fact, event) in group.prefix(ProofPage.shown) {
                let cells = [
                    Text(fact.step, .strong), Text("#\(fact.sequence)", .name),
                    Text(String(fact.time.description.prefix(10))), Text(fact.actor),
                    Text(String(fact.sha256?.short.prefix(8) ?? "")),
                ]
                rows.append((cells, catalogue.summary(of: event)))
            }
            if group.count > ProofPage.shown, let first = group.first {
                let more = Format.count(group.count - ProofPage.shown)
                rows.append(
                    ([Text(first.0.step), Text("…"), Text(), Text("and \(more) more", .faint)], ""))
            }
        }
        return rows
    }

    /// Files and their validations together, the others as they come.
    private var groups: [[(ProofBundle.Fact, Event)]] {
        var groups: [[(ProofBundle.Fact, Event)]] = []
        for (fact, event) in zip(bundle.facts, bundle.told) {
            if let index = groups.firstIndex(where: { $0.first?.0.step == fact.step }) {
                groups[index].append((fact, event))
            } else {
                groups.append([(fact, event)])
            }
        }
        return groups
    }
}
