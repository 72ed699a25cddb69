/// A piece of a report for a browser. What is interpolated is escaped; only literals are markup:
///
/// ```swift
/// let row: HTML = "<td>\(value)</td>"       // value may hold anything
/// ```
///
/// Control characters and marks that turn the direction of writing are spelled out, so that a report
/// shows what is there.
public struct HTML: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// Well-formed markup.
    public private(set) var markup: String

    public init(stringLiteral value: String) { markup = value }

    public init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }

    public static let empty: HTML = ""

    public static func + (a: HTML, b: HTML) -> HTML {
        var sum = a
        sum.markup += b.markup
        return sum
    }

    public static func += (a: inout HTML, b: HTML) { a.markup += b.markup }

    public struct StringInterpolation: StringInterpolationProtocol {
        var markup = ""

        public init(literalCapacity: Int, interpolationCount: Int) {
            markup.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) { markup += literal }

        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            HTML.escape(value.description, into: &markup)
        }

        public mutating func appendInterpolation(_ html: HTML) { markup += html.markup }

        public mutating func appendInterpolation(_ list: [HTML]) {
            for html in list { markup += html.markup }
        }
    }

    private static func escape(_ text: String, into markup: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": markup += "&amp;"
            case "<": markup += "&lt;"
            case ">": markup += "&gt;"
            case "\"": markup += "&quot;"
            case "'": markup += "&#39;"
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse,
                    .surrogate:
                    markup += "\\u{\(String(scalar.value, radix: 16))}"
                default: markup.unicodeScalars.append(scalar)
                }
            }
        }
    }
}

extension HTML {
    /// A whole page that needs nothing else: no script, nothing from the network, light or dark as the
    /// reader's system is.
    public static func page(title: String, _ body: HTML) -> [UInt8] {
        let page: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" \
            content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title>
            <style>\(style)</style>
            </head>
            <body>
            <main>
            \(body)
            </main>
            </body>
            </html>

            """
        return Array(page.markup.utf8)
    }

    /// Classes: `good`, `bad`, `quiet`, `number` (a right-aligned cell), `wide` (a table that may be
    /// wider than the page), `a` and `b` (the two series of a plot).
    private static let style: HTML = """

        :root { color-scheme: light dark; --ink: #1d2327; --quiet: #5c6770; --paper: #fdfdfc;
          --line: #d9dde0; --good: #17703c; --bad: #b3261e; --a: #8a97a3; --b: #2f6fb5; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e4e7e9; --quiet: #9aa5ad; --paper: #16191b; --line: #343a3f;
            --good: #6cc48c; --bad: #f2837b; --a: #7b8893; --b: #6fb0f2; } }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        table { border-collapse: collapse; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
          border-bottom: 1px solid var(--line); }
        th { font-weight: 600; color: var(--quiet); }
        code, td.value { font: .9em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        .wide { overflow-x: auto; }
        .good { color: var(--good); } .bad { color: var(--bad); } .quiet { color: var(--quiet); }
        svg { max-width: 100%; height: auto; }
        svg text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
        svg .a { fill: var(--a); } svg .b { fill: var(--b); } svg line { stroke: var(--line); }

        """
}
