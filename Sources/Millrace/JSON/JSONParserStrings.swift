extension JSONParser {
    /// Reads up to the closing quote; the opening one has been taken.
    mutating func string(_ text: Span<UInt8>) throws(JSONFault) -> String {
        let start = index
        var isASCII = true
        while true {
            index = nextSpecialByte(text, from: index)
            guard index < text.count else {
                throw JSONFault("expected the closing quote, found the end", at: index)
            }
            switch text[index] {
            case UInt8(ascii: "\""):
                let end = index
                index += 1
                return isASCII
                    ? makeASCIIString(text, start..<end)
                    : try makeString(text, start..<end)
            case UInt8(ascii: "\\"):
                return try escapedString(text, start: start)
            case 0x80...:
                isASCII = false
                index += 1
            default:
                throw JSONFault("a control character in a text must be escaped", at: index)
            }
        }
    }

    /// The rest of a text from its first backslash on, behind what came before.
    private mutating func escapedString(
        _ text: Span<UInt8>, start: Int
    ) throws(JSONFault) -> String {
        var out: [UInt8] = []
        var runStart = start
        while true {
            index = nextSpecialByte(text, from: index)
            guard index < text.count else {
                throw JSONFault("expected the closing quote, found the end", at: index)
            }
            switch text[index] {
            case UInt8(ascii: "\""):
                out.append(contentsOf: try makeString(text, runStart..<index).utf8)
                index += 1
                return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"):
                out.append(contentsOf: try makeString(text, runStart..<index).utf8)
                index += 1
                try escape(text, into: &out)
                runStart = index
            case 0x80...:
                index += 1
            default:
                throw JSONFault("a control character in a text must be escaped", at: index)
            }
        }
    }

    private mutating func escape(
        _ text: Span<UInt8>, into out: inout [UInt8]
    ) throws(JSONFault) {
        guard index < text.count else {
            throw JSONFault("expected an escape after \\, found the end", at: index)
        }
        let byte = text[index]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"):
            index += 1
            out.append(contentsOf: String(Character(try unicodeEscape(text))).utf8)
            return
        default:
            let found = describeByte(at: index, in: text)
            throw JSONFault("JSON has no escape \\\(found)", at: index - 1)
        }
        index += 1
    }

    /// Reads the digits behind `\u`, and the second half of a surrogate pair.
    mutating func unicodeEscape(_ text: Span<UInt8>) throws(JSONFault) -> Unicode.Scalar {
        let start = index - 2
        let first = try fourDigits(text)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, index + 1 < text.count, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        else { throw JSONFault("half a surrogate pair is no character", at: start) }
        index += 2
        let second = try fourDigits(text)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONFault("half a surrogate pair is no character", at: start) }
        return scalar
    }

    private mutating func fourDigits(_ text: Span<UInt8>) throws(JSONFault) -> UInt32 {
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard index < text.count, let digit = hexadecimalValue(text[index]) else {
                throw JSONFault(
                    "expected four hexadecimal digits after \\u, found "
                        + describeByte(at: index, in: text), at: index)
            }
            result = result << 4 | UInt32(digit)
            index += 1
        }
        return result
    }
}

/// The first place from `index` on with a quote, a backslash, a control character or a byte beyond
/// ASCII; the end when there is none.
func nextSpecialByte(_ text: Span<UInt8>, from start: Int) -> Int {
    var index = start
    let raw = unsafe text.bytes
    while text.count - index >= 8 {
        // Bounds are checked by the call; it is called unsafe because any type could be asked for.
        let word = UInt64(
            littleEndian: unsafe raw.unsafeLoadUnaligned(
                fromByteOffset: index, as: UInt64.self))
        let marks = specialBytes(word)
        if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
        index += 8
    }
    while index < text.count {
        let byte = text[index]
        if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            return index
        }
        index += 1
    }
    return index
}

/// The high bit of each byte that is special; exact for the lowest such byte, which is all that is
/// asked (Anderson, Bit Twiddling Hacks, "hasless" and "haszero").
private func specialBytes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5C)
    let control = (word &- ones &* 0x20) & ~word
    let marks = (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | control | word
    return marks & (ones &* 0x80)
}

/// A text of bytes that are known to be ASCII.
func makeASCIIString(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
    // ASCII is UTF-8: nothing is left to check.
    String(copying: unsafe UTF8Span(unchecked: text.extracting(range), isKnownASCII: true))
}

/// A text of any bytes; says where they are not UTF-8.
func makeString(_ text: Span<UInt8>, _ range: Range<Int>) throws(JSONFault) -> String {
    do {
        return String(copying: try UTF8Span(validating: text.extracting(range)))
    } catch {
        throw JSONFault(
            "these bytes are not UTF-8", at: range.lowerBound + error.byteOffsets.lowerBound)
    }
}
