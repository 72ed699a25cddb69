/// Rows under headings, in columns that fit the terminal.
///
/// Columns are as wide as their widest cell. When the sum is too wide for whoever looks, the columns that may shrink
/// give way, the widest first, and their cells are truncated; the others stay whole.
package struct TextTable: Sendable {
    package struct Column: Sendable {
        package var heading: String
        package var alignment: Text.Alignment
        /// How a cell is shortened; nil: the column never shrinks.
        package var cut: Text.Cut?

        package init(
            _ heading: String, _ alignment: Text.Alignment = .left, cut: Text.Cut? = nil
        ) {
            self.heading = heading
            self.alignment = alignment
            self.cut = cut
        }
    }

    package var columns: [Column]
    package private(set) var rows: [[Text]] = []
    package var indent: Int

    /// The least that a shrinking column keeps.
    private static let shrunkWidthMin = 8

    package init(_ columns: [Column], indent: Int = 0) {
        self.columns = columns
        self.indent = indent
    }

    /// Adds a row; missing cells are empty, and cells beyond the last column are dropped.
    package mutating func add(_ cells: [Text]) {
        let missing = max(0, columns.count - cells.count)
        rows.append(cells.prefix(columns.count) + Array(repeating: Text(), count: missing))
    }

    package mutating func add(_ cells: Text...) { add(cells) }

    /// The lines of the table: headings when there are any, then the rows. Empty without rows.
    package func lines(for terminal: Terminal) -> [Text] {
        if rows.isEmpty || columns.isEmpty { return [] }
        let widths = fittedWidths(to: terminal.lineMax - indent)
        let mark = terminal.cutMark
        var lines: [Text] = []
        if columns.contains(where: { !$0.heading.isEmpty }) {
            lines.append(row(columns.map { Text($0.heading, .strong) }, widths, mark))
        }
        lines += rows.map { row($0, widths, mark) }
        return lines
    }

    private func row(_ cells: [Text], _ widths: [Int], _ mark: String) -> Text {
        var line = Text.spaces(indent)
        let last = cells.lastIndex { !$0.isEmpty } ?? 0
        for (index, (cell, column)) in zip(cells, columns).prefix(last + 1).enumerated() {
            let width = widths[index]
            let fitted = cell.truncated(to: width, column.cut ?? .end, mark: mark)
            let isLast = index == last
            // Nothing is drawn after the last character: trailing spaces wrap on a full line.
            line +=
                isLast && column.alignment == .left
                ? fitted : fitted.padded(to: width, column.alignment)
            if !isLast { line += "  " }
        }
        return line
    }

    private func fittedWidths(to room: Int) -> [Int] {
        var widths = columns.indices.map { index in
            max(
                displayWidth(columns[index].heading), rows.map { $0[index].width }.max() ?? 0)
        }
        var excess = widths.reduce(0, +) + 2 * (columns.count - 1) - room
        while excess > 0 {
            let shrinkable = columns.indices.filter {
                columns[$0].cut != nil && widths[$0] > Self.shrunkWidthMin
            }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
            // Down to the next widest at once, so that a huge cell does not cost a step a column.
            let next = shrinkable.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
            let floor = max(Self.shrunkWidthMin, min(next, widths[widest] - 1))
            let step = min(excess, widths[widest] - floor)
            widths[widest] -= step
            excess -= step
        }
        return widths
    }
}
