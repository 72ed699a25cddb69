import Console
import Millrace
import Runtime

/// A proof that holds, for people.
struct ProofPage {
    let bundle: ProofBundle

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
        lines += table.lines(for: terminal)
        return lines
    }

    private var table: TextTable {
        var table = TextTable([
            .init("STEP"), .init("RECORD", .right), .init("WHEN (UTC)"), .init("WHO"),
            .init("SHA-256"), .init("WHAT", cut: .end),
        ])
        for group in groups {
            for fact in group.prefix(ProofPage.shown) {
                table.add(
                    Text(fact.step), Text("#\(fact.sequence)", .name),
                    Text(String(fact.time.description.prefix(10))), Text(fact.actor),
                    Text(String(fact.sha256?.short.prefix(8) ?? "")), Text(fact.what))
            }
            if group.count > ProofPage.shown, let first = group.first {
                let more = Format.count(group.count - ProofPage.shown)
                table.add(Text(first.step), Text("…"), Text(), Text("and \(more) more", .faint))
            }
        }
        return table
    }

    /// Files and their validations together, the others as they come.
    private var groups: [[ProofBundle.Fact]] {
        var groups: [[ProofBundle.Fact]] = []
        for fact in bundle.facts {
            if let index = groups.firstIndex(where: { $0.first?.step == fact.step }) {
                groups[index].append(fact)
            } else {
                groups.append([fact])
            }
        }
        return groups
    }
}
