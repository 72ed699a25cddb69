// What comes from outside reaches a terminal or a log through messages: here it is made harmless.

/// What stands at a place, for a message.
func describeByte(at index: Int, in text: Span<UInt8>) -> String {
    guard index < text.count else { return "the end" }
    let byte = text[index]
    switch byte {
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return "the end of the line"
    case 0x21...0x7E: return "\(Character(Unicode.Scalar(byte)))"
    default: return "the byte 0x\(hexadecimal([byte]))"
    }
}

/// A text in quotes for a message: escaped, and cut when long.
func quoted(_ text: String) -> String {
    let short =
        text.unicodeScalars.count > 60 ? String(text.unicodeScalars.prefix(57)) + "..." : text
    return printable(String(decoding: JSONValue.string(short).bytes, as: UTF8.self))
}

/// The keys of a path as a person writes them.
func printable(_ path: [String]) -> String { path.map(printable).joined(separator: ".") }

/// A text with everything escaped that a terminal would obey or not show.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
