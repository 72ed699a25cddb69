/// How a run of characters looks on a terminal that has colours; without them it is plain text, so
/// a style may emphasise but never carry meaning alone.
package struct Style: Hashable, Sendable {
    /// The eight colours that every terminal has; their exact shades are the user's choice.
    package enum Color: UInt8, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case blue = 34
        case magenta = 35
        case cyan = 36
    }

    package var color: Color?
    package var bold: Bool
    package var dim: Bool
    package var underlined: Bool

    package init(
        _ color: Color? = nil, bold: Bool = false, dim: Bool = false, underlined: Bool = false
    ) {
        self.color = color
        self.bold = bold
        self.dim = dim
        self.underlined = underlined
    }

    package static let plain = Style()
    package static let strong = Style(bold: true)
    package static let faint = Style(dim: true)
    package static let heading = Style(bold: true, underlined: true)
    /// Something went as it should.
    package static let good = Style(.green)
    /// Something needs a look.
    package static let warning = Style(.yellow)
    /// Something failed or was refused.
    package static let bad = Style(.red, bold: true)
    /// A name that can be typed into another command.
    package static let name = Style(.cyan)
    package static let accent = Style(.magenta)
    package static let quiet = Style(.blue)

    /// The escape sequence that switches the style on (ECMA-48, SGR); empty for plain text.
    var sequence: String {
        if self == .plain { return "" }
        var codes: [String] = []
        if bold { codes.append("1") }
        if dim { codes.append("2") }
        if underlined { codes.append("4") }
        if let color { codes.append(String(color.rawValue)) }
        return "\u{1B}[" + codes.joined(separator: ";") + "m"
    }

    static let reset = "\u{1B}[0m"
}
