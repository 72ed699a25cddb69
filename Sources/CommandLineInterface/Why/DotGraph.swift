import Millrace
import Runtime

/// Causes as a graph in the language of Graphviz: `millrace why delays --dot | dot -Tsvg`.
struct DotGraph {
    let catalogue: EventCatalogue
    private var nodes: [UInt64: Event] = [:]
    private var edges: [Edge] = []
    private var seen: Set<Edge> = []

    private struct Edge: Hashable {
        let from: UInt64
        let to: UInt64
        /// What it rests on beside its cause.
        let isEvidence: Bool
    }

    init(_ node: CauseNode, _ catalogue: EventCatalogue) {
        self.catalogue = catalogue
        add(node)
    }

    init(_ node: ConsequenceNode, _ catalogue: EventCatalogue) {
        self.catalogue = catalogue
        add(node)
    }

    private mutating func add(_ node: CauseNode) {
        guard let event = node.event else { return }
        nodes[event.sequence] = event
        var below = event
        for cause in node.chain {
            guard let event = cause.event else { continue }
            edge(event.sequence, below.sequence, isEvidence: false)
            below = event
            add(cause)
        }
        for evidence in node.evidence {
            // A heading stands for its facts.
            for fact in evidence.event == nil ? evidence.evidence : [evidence] {
                guard let other = fact.event else { continue }
                edge(other.sequence, event.sequence, isEvidence: true)
                add(fact)
            }
        }
    }

    private mutating func add(_ node: ConsequenceNode) {
        nodes[node.event.sequence] = node.event
        for next in node.consequences {
            edge(node.event.sequence, next.event.sequence, isEvidence: false)
            add(next)
        }
    }

    private mutating func edge(_ from: UInt64, _ to: UInt64, isEvidence: Bool) {
        let edge = Edge(from: from, to: to, isEvidence: isEvidence)
        if seen.insert(edge).inserted { edges.append(edge) }
    }

    /// The graph as text; from the causes to what they caused.
    var text: String {
        var lines = [
            "digraph why {", "  rankdir=LR;",
            "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=10];",
        ]
        for (sequence, event) in nodes.sorted(by: { $0.key < $1.key }) {
            let words = String(catalogue.summary(of: event).prefix(80))
            let label =
                "#\(sequence) \(event.type)\n\(event.time.description.prefix(19)) \(event.actor)\n"
                + words
            lines.append("  e\(sequence) [label=\(DotGraph.quoted(label))];")
        }
        for edge in edges {
            lines.append(
                "  e\(edge.from) -> e\(edge.to)\(edge.isEvidence ? " [style=dashed]" : "");")
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    /// Only quotation marks and backslashes mean anything in a quoted text; control characters would
    /// mean something to a terminal.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\\(scalar)"
            case "\n": out += "\\n"
            case _ where scalar.properties.generalCategory == .control: out += "?"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
