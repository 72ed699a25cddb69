/// Breaks a text at its spaces into lines of at most `width` columns. A word that is longer gets a
/// line of its own and is left whole, so that it can be copied. Line breaks in the text are kept;
/// lines that begin with spaces (examples, lists) are not joined or broken.
package func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if paragraph.first == " " || paragraph.isEmpty {
            lines.append(String(paragraph))
            continue
        }
        var line = ""
        var lineWidth = 0
        for word in paragraph.split(separator: " ") {
            let wordWidth = displayWidth(String(word))
            if lineWidth > 0, lineWidth + 1 + wordWidth > width {
                lines.append(line)
                line = ""
                lineWidth = 0
            }
            if lineWidth > 0 {
                line += " "
                lineWidth += 1
            }
            line += word
            lineWidth += wordWidth
        }
        lines.append(line)
    }
    return lines
}

/// Two columns: terms, and their explanations wrapped beside them. A term too long for its column
/// has its explanation on the next line.
///
/// - Parameter column: the columns of the term's column, for lists below each other; nil: as wide as
///   the longest term that is not too long.
package func definitionList(
    _ items: [(term: Text, explanation: String)], width: Int, indent: Int = 2, termMax: Int = 30,
    column: Int? = nil
) -> [Text] {
    let termWidth = column ?? definitionColumn(items.map(\.term), width: width, termMax: termMax)
    let start = indent + termWidth + 2
    var lines: [Text] = []
    for (term, explanation) in items {
        var pieces = wrapped(explanation, width: max(width - start, 16))[...]
        let head = Text.spaces(indent) + term
        if term.width <= termWidth {
            let first = pieces.popFirst() ?? ""
            lines.append(first.isEmpty ? head : head.padded(to: start) + Text(first))
        } else {
            lines.append(head)
        }
        lines += pieces.map { Text.spaces(start) + Text($0) }
    }
    return lines
}

/// The width of the column that most of these terms fit into, leaving at least half a line.
package func definitionColumn(_ terms: [Text], width: Int, termMax: Int = 30) -> Int {
    let limit = max(4, min(termMax, width / 2 - 4))
    return terms.map(\.width).filter { $0 <= limit }.max() ?? limit
}
