import Console
import Millrace
import Runtime

/// The chain of causes for people: the fact, below it its causes from the nearest to the first, each
/// with what it rests on.
struct WhyPage {
    let catalogue: EventCatalogue
    /// Files of one version that are shown one by one.
    var filesMax = 12

    func lines(of node: CauseNode, for terminal: Terminal) -> [Text] {
        tree(node).lines(for: terminal)
    }

    func lines(of node: ConsequenceNode, for terminal: Terminal) -> [Text] {
        tree(node).lines(for: terminal)
    }

    private func tree(_ node: ConsequenceNode) -> TextTree {
        TextTree(
            label(of: node.event), details: [EventText.origin(of: node.event)],
            children: node.consequences.map { tree($0) })
    }

    /// A fact, its evidence, then its causes side by side below it: a chain has no depth.
    private func tree(_ node: CauseNode) -> TextTree {
        guard let event = node.event else {
            return TextTree(
                Text(node.title, .strong), children: node.evidence.map { tree($0) })
        }
        return TextTree(
            label(of: event), details: [EventText.origin(of: event)],
            children: folded(node.evidence) + node.chain.map { tree($0) })
    }

    /// A version can rest on thousands of files: its code and the latest data are shown.
    private func folded(_ evidence: [CauseNode]) -> [TextTree] {
        let files = evidence.filter { $0.event == nil }
        guard files.count > filesMax else { return evidence.map { tree($0) } }
        let kept = Set(files.sorted { isBefore($0, $1) }.prefix(filesMax).map(\.title))
        var shown = evidence.filter { $0.event != nil || kept.contains($0.title) }.map { tree($0) }
        let more = Format.count(files.count - kept.count, "older file")
        shown.append(TextTree(Text("and \(more); --json has all", .faint)))
        return shown
    }

    private func isBefore(_ a: CauseNode, _ b: CauseNode) -> Bool {
        let (codeA, codeB) = (a.title.contains(" (code"), b.title.contains(" (code"))
        if codeA != codeB { return codeA }
        return latest(a) > latest(b)
    }

    private func latest(_ file: CauseNode) -> UInt64 {
        file.evidence.compactMap { $0.event?.sequence }.max() ?? 0
    }

    private func label(of event: Event) -> Text {
        let type = Text(event.type, EventText.style(of: event))
        return type + "  " + Text(catalogue.summary(of: event))
    }
}

/// The shape of `millrace why --json`.
struct WhyAnswer: Codable, Sendable {
    /// The fact that was asked about.
    var fact: EventRecord
    /// What the fact rests on beside its cause.
    var evidence: [Evidence]
    /// Its causes, the nearest first; the last is what came from outside.
    var causes: [Cause]

    struct Cause: Codable, Sendable {
        var event: EventRecord
        var evidence: [Evidence]
    }

    /// A record with its own causes, or a heading over some.
    struct Evidence: Codable, Sendable {
        var title: String?
        var event: EventRecord?
        var evidence: [Evidence]
        var causes: [Cause]
    }

    init?(_ node: CauseNode, _ catalogue: EventCatalogue) {
        guard let event = node.event else { return nil }
        fact = EventRecord(event, catalogue)
        evidence = node.evidence.map { WhyAnswer.evidence($0, catalogue) }
        causes = WhyAnswer.causes(node.chain, catalogue)
    }

    private static func causes(
        _ chain: [CauseNode], _ catalogue: EventCatalogue
    ) -> [Cause] {
        chain.compactMap { node in
            node.event.map { event in
                Cause(
                    event: EventRecord(event, catalogue),
                    evidence: node.evidence.map { WhyAnswer.evidence($0, catalogue) })
            }
        }
    }

    private static func evidence(_ node: CauseNode, _ catalogue: EventCatalogue) -> Evidence {
        Evidence(
            title: node.title.isEmpty ? nil : node.title,
            event: node.event.map { EventRecord($0, catalogue) },
            evidence: node.evidence.map { evidence($0, catalogue) },
            causes: causes(node.chain, catalogue))
    }
}

/// The shape of `millrace why --forward --json`.
struct Consequences: Codable, Sendable {
    var event: EventRecord
    var consequences: [Consequences]

    init(_ node: ConsequenceNode, _ catalogue: EventCatalogue) {
        event = EventRecord(node.event, catalogue)
        consequences = node.consequences.map { Consequences($0, catalogue) }
    }
}
