extension JSONValue {
    /// The value as compact JSON in UTF-8: members in their order, no spaces, no escape that is not
    /// needed, and for each number the shortest digits that read back as the same number. Equal
    /// values give equal bytes.
    ///
    /// A `.number` that is NaN or infinite breaks the promise of `JSONValue`; it is written as
    /// `null`.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.out
    }

    /// The value for people: a member on each line, two spaces a level, short lists of plain values
    /// on one line. Without a line feed at the end.
    public func pretty() -> String {
        var writer = JSONWriter()
        writer.writePretty(self, indent: 0)
        return String(decoding: writer.out, as: UTF8.self)
    }
}

struct JSONWriter {
    private(set) var out: [UInt8] = []
    /// A list whose compact form is longer than this gets a line for each element.
    private static let shortList = 72

    init() { out.reserveCapacity(256) }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): write(value)
        case .number(let value): append(value.isFinite ? value.description : "null")
        case .string(let value): write(value)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                write(element)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in members {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                write(member.key)
                out.append(UInt8(ascii: ":"))
                write(member.value)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    mutating func writePretty(_ value: JSONValue, indent: Int) {
        switch value {
        case .array(let elements) where !isShort(elements):
            append("[\n")
            for (offset, element) in elements.enumerated() {
                startLine(offset, indent + 2)
                writePretty(element, indent: indent + 2)
            }
            endBlock("]", indent)
        case .array(let elements):
            append("[")
            for (offset, element) in elements.enumerated() {
                if offset > 0 { append(", ") }
                write(element)
            }
            append("]")
        case .object(let members) where !members.isEmpty:
            append("{\n")
            for (offset, member) in members.enumerated() {
                startLine(offset, indent + 2)
                write(member.key)
                append(": ")
                writePretty(member.value, indent: indent + 2)
            }
            endBlock("}", indent)
        default: write(value)
        }
    }

    private mutating func startLine(_ offset: Int, _ indent: Int) {
        if offset > 0 { append(",\n") }
        out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    private mutating func endBlock(_ bracket: StaticString, _ indent: Int) {
        append("\n")
        out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
        append(bracket.description)
    }

    private func isShort(_ elements: [JSONValue]) -> Bool {
        var writer = JSONWriter()
        for element in elements {
            switch element {
            case .array, .object: return false
            default: writer.write(element)
            }
            if writer.out.count + 2 * elements.count > Self.shortList { return false }
        }
        return true
    }

    private mutating func append(_ text: String) { out.append(contentsOf: text.utf8) }

    private mutating func write(_ value: Int64) {
        var rest = value.magnitude
        if value < 0 { out.append(UInt8(ascii: "-")) }
        let start = out.count
        repeat {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        out[start...].reverse()
    }

    private mutating func write(_ text: String) {
        out.append(UInt8(ascii: "\""))
        let bytes = text.utf8.span
        var runStart = 0
        var index = 0
        while true {
            index = nextSpecialByte(bytes, from: index)
            guard index < bytes.count else { break }
            if bytes[index] < 0x80 {
                append(bytes, runStart..<index)
                escape(bytes[index])
                runStart = index + 1
            }
            index += 1
        }
        append(bytes, runStart..<bytes.count)
        out.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        unsafe bytes.extracting(range).withUnsafeBufferPointer {
            unsafe out.append(contentsOf: $0)
        }
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        default: append("\\u00\(hexadecimal([byte]))")
        }
    }
}
