import Millrace

/// Two distributions side by side, as shares, drawn as SVG.
struct BarPlot {
    struct Bar {
        /// Shown below; empty for none.
        var label: String
        /// 0 to 1.
        var reference: Double
        var current: Double
    }

    var bars: [Bar]

    private static let width = 640.0
    private static let height = 170.0
    private static let bottom = 22.0
    private static let left = 40.0

    /// Empty when there is nothing to draw.
    var svg: HTML {
        let highest = bars.reduce(0) { max($0, $1.reference, $1.current) }
        guard highest > 0 else { return .empty }
        let area = (
            width: BarPlot.width - BarPlot.left, height: BarPlot.height - BarPlot.bottom - 10
        )
        let step = area.width / Double(bars.count)
        var marks: HTML = .empty
        for (index, bar) in bars.enumerated() {
            let x = BarPlot.left + step * Double(index)
            let half = max(step * 0.42, 0.5)
            marks += rectangle("a", bar.reference / highest, x: x + step * 0.08, half, area.height)
            marks += rectangle(
                "b", bar.current / highest, x: x + step * 0.08 + half, half, area.height)
            if !bar.label.isEmpty {
                marks += """
                    <text x="\(point(x + step / 2))" y="\(point(BarPlot.height - 6))" \
                    text-anchor="middle">\(bar.label)</text>

                    """
            }
        }
        let base = point(10 + area.height)
        return """
            <svg viewBox="0 0 \(point(BarPlot.width)) \(point(BarPlot.height))" \
            width="\(point(BarPlot.width))" role="img" aria-label="reference and current shares">
            <line x1="\(point(BarPlot.left))" y1="\(base)" x2="\(point(BarPlot.width))" y2="\(base)"/>
            <text x="\(point(BarPlot.left - 6))" y="16" text-anchor="end">\(percent(highest))</text>
            <text x="\(point(BarPlot.left - 6))" y="\(base)" text-anchor="end">0</text>
            \(marks)</svg>

            """
    }

    private func rectangle(
        _ series: String, _ share: Double, x: Double, _ width: Double, _ full: Double
    ) -> HTML {
        let height = full * share
        guard height > 0 else { return .empty }
        return """
            <rect class="\(series)" x="\(point(x))" y="\(point(10 + full - height))" \
            width="\(point(width))" height="\(point(height))"/>

            """
    }
}

/// A coordinate to a tenth of a pixel.
private func point(_ value: Double) -> Double { (value * 10).rounded() / 10 }

/// A share for people, to a tenth of a per cent.
func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }

/// A number for people: four digits.
func short(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    if value == value.rounded(), abs(value) < 1e6, let whole = Int(exactly: value) {
        return whole.grouped
    }
    var scale = 1.0
    while abs(value) * scale < 1000, scale < 1e12 { scale *= 10 }
    return "\((value * scale).rounded() / scale)"
}
