/// Steps over the bytes of a JSON text that every reader of one makes.
protocol JSONSteps {
    /// Where it stands in the text.
    var index: Int { get set }
}

extension JSONSteps {
    /// Steps over a byte, if it is this one.
    @inline(__always)
    mutating func take(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
        guard index < text.count, text[index] == byte else { return false }
        index += 1
        return true
    }

    /// Steps over what may stand between two values.
    @inline(__always)
    mutating func skipSpace(_ text: Span<UInt8>) {
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                index += 1
            default: return
            }
        }
    }
}
