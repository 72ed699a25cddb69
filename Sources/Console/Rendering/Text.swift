/// One line of styled text. Whatever goes in is sanitised, so a `Text` can always be written to a
/// terminal: what comes from outside can neither break the line nor command the terminal.
///
/// Written as a literal, with styles at the interpolations:
/// `out.line("\(model, .name) is in \("production", .good)")`.
package struct Text: Sendable, Hashable {
    struct Run: Sendable, Hashable {
        var string: String
        var style: Style
    }

    private(set) var runs: [Run]

    package init() { runs = [] }

    package init(_ string: String, _ style: Style = .plain) {
        runs = string.isEmpty ? [] : [Run(string: sanitized(string), style: style)]
    }

    /// A path, or another name made of bytes.
    package init(bytes: [UInt8], _ style: Style = .plain) {
        let string = sanitized(bytes: bytes)
        runs = string.isEmpty ? [] : [Run(string: string, style: style)]
    }

    package var isEmpty: Bool { runs.isEmpty }

    /// The columns the text takes on a terminal.
    package var width: Int { runs.reduce(0) { $0 + displayWidth($1.string) } }

    /// The text without its styles.
    package var plain: String { runs.reduce(into: "") { $0 += $1.string } }

    /// The text as it is written, with escape sequences where `color` is true.
    package func rendered(color: Bool) -> String {
        guard color else { return plain }
        var result = ""
        for run in runs {
            let sequence = run.style.sequence
            result += sequence.isEmpty ? run.string : sequence + run.string + Style.reset
        }
        return result
    }

    package mutating func append(_ other: Text) { runs += other.runs }

    package mutating func append(_ string: String, _ style: Style = .plain) {
        runs += Text(string, style).runs
    }

    package static func + (a: Text, b: Text) -> Text {
        var sum = a
        sum.append(b)
        return sum
    }

    package static func += (a: inout Text, b: Text) { a.append(b) }

    /// The same characters in one style.
    package func styled(_ style: Style) -> Text { Text(plain, style) }

    package static func spaces(_ count: Int) -> Text {
        Text(String(repeating: " ", count: max(0, count)))
    }
}

extension Array where Element == Text {
    package func joined(separator: Text) -> Text {
        var result = Text()
        for (index, element) in enumerated() {
            if index > 0 { result.append(separator) }
            result.append(element)
        }
        return result
    }
}

extension Text: ExpressibleByStringInterpolation {
    package struct StringInterpolation: StringInterpolationProtocol {
        var text = Text()

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { text.append(literal) }

        package mutating func appendInterpolation(_ part: Text) { text.append(part) }

        package mutating func appendInterpolation(_ string: String, _ style: Style = .plain) {
            text.append(string, style)
        }

        package mutating func appendInterpolation(
            _ value: some CustomStringConvertible, _ style: Style = .plain
        ) {
            text.append(value.description, style)
        }
    }

    package init(stringLiteral value: String) { self.init(value) }

    package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.text }
}
