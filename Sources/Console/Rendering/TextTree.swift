/// A tree of lines, such as the chain of causes behind a model, drawn with box characters (or ASCII
/// where the locale has none).
package struct TextTree: Sendable {
    package var label: Text
    /// More lines of this node, below its label.
    package var details: [Text]
    package var children: [TextTree]

    package init(_ label: Text, details: [Text] = [], children: [TextTree] = []) {
        self.label = label
        self.details = details
        self.children = children
    }

    /// Deeper than this, a tree is cut with a note: a damaged journal may claim any depth.
    private static let depthMax = 200

    /// The lines of the tree; on a terminal each is cut to its width.
    package func lines(for terminal: Terminal) -> [Text] {
        var lines: [Text] = []
        draw(prefix: "", isRoot: true, isLast: true, depth: 0, terminal.usesUnicode, &lines)
        return lines.map { $0.fitted(to: terminal) }
    }

    private func draw(
        prefix: String, isRoot: Bool, isLast: Bool, depth: Int, _ unicode: Bool,
        _ lines: inout [Text]
    ) {
        let branch = isRoot ? "" : unicode ? (isLast ? "└─ " : "├─ ") : (isLast ? "`- " : "|- ")
        let below = isRoot ? "" : isLast ? "   " : unicode ? "│  " : "|  "
        lines.append(Text(prefix + branch, .faint) + label)
        let isCut = depth >= Self.depthMax && !children.isEmpty
        let stem = children.isEmpty || isCut ? "   " : unicode ? "│  " : "|  "
        for detail in details { lines.append(Text(prefix + below + stem, .faint) + detail) }
        if isCut {
            lines.append(Text(prefix + below + "(deeper levels are not shown)", .faint))
            return
        }
        for (index, child) in children.enumerated() {
            child.draw(
                prefix: prefix + below, isRoot: false, isLast: index == children.count - 1,
                depth: depth + 1, unicode, &lines)
        }
    }
}
