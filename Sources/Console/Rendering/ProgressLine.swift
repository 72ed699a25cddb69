/// One line on a terminal that is rewritten while something goes on. Where nobody looks (a file, a
/// pipe, a dumb terminal) it writes nothing: results are lines of their own.
package struct ProgressLine: Sendable {
    private let writer: OutputWriter
    private let intervalSeconds: Double
    private var isShown = false
    private var lastSeconds = -Double.infinity

    /// - Parameter intervalSeconds: the least time between two rewrites.
    package init(_ writer: OutputWriter, intervalSeconds: Double = 0.05) {
        self.writer = writer
        self.intervalSeconds = intervalSeconds
    }

    /// Shows the text in place of the last one, unless that was less than the interval ago.
    ///
    /// - Parameter nowSeconds: a monotonic clock, of the caller's.
    package mutating func show(_ text: Text, nowSeconds: Double) {
        guard writer.terminal.isInteractive, nowSeconds - lastSeconds >= intervalSeconds else {
            return
        }
        lastSeconds = nowSeconds
        isShown = true
        let terminal = writer.terminal
        // A full line would make the terminal wrap, and the next rewrite would leave half behind.
        let fitted = text.truncated(to: terminal.width - 1, mark: terminal.cutMark)
        writer.write("\r" + fitted.rendered(color: terminal.usesColor) + Self.clearToEnd)
    }

    /// Removes the line, so that a lasting one can be written.
    package mutating func clear() {
        if isShown { writer.write("\r" + Self.clearToEnd) }
        isShown = false
        lastSeconds = -.infinity
    }

    private static let clearToEnd = "\u{1B}[K"
}
