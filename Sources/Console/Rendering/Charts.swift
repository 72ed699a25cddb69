/// Small charts of one line.
package enum Chart {
    /// A bar filled to `fraction` (0 to 1; what is not a number is empty), to an eighth of a column.
    package static func bar(
        _ fraction: Double, width: Int, unicode: Bool, style: Style = .good
    ) -> Text {
        let width = max(width, 1)
        let share = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
        if !unicode {
            let filled = Int((share * Double(width)).rounded())
            return Text(String(repeating: "#", count: filled), style)
                + Text(String(repeating: ".", count: width - filled), .faint)
        }
        let eighths = Int((share * Double(width) * 8).rounded())
        var filled = String(repeating: "█", count: eighths / 8)
        if eighths % 8 > 0 { filled.append(partialBlocks[eighths % 8 - 1]) }
        return Text(filled, style)
            + Text(String(repeating: "·", count: width - filled.count), .faint)
    }

    /// The course of some values, one column each, scaled between their least and greatest; values
    /// that are not finite leave a gap.
    package static func sparkline(
        _ values: [Double], unicode: Bool, style: Style = .quiet
    ) -> Text {
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else {
            return .spaces(values.count)
        }
        let levels = unicode ? levelBlocks : asciiLevels
        // Halved, so that the extremes of Double do not overflow.
        let span = greatest / 2 - least / 2
        var line = ""
        for value in values {
            if !value.isFinite {
                line.append(" ")
                continue
            }
            let share = span > 0 ? (value / 2 - least / 2) / span : 0.5
            let level = Int((share * Double(levels.count - 1)).rounded())
            line.append(levels[min(max(level, 0), levels.count - 1)])
        }
        return Text(line, style)
    }

    private static let partialBlocks: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    private static let levelBlocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    private static let asciiLevels: [Character] = ["_", ".", "-", "=", "+", "*", "#"]
}
