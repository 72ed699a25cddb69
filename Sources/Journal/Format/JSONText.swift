/// The parts of JSON (RFC 8259) that the journal itself needs: is a payload one JSON value on one
/// line, where does a value end, what does a string say.
enum JSONText {
    /// Nil when the bytes are exactly one JSON value in UTF-8 without control characters (so also
    /// without line breaks); otherwise what is wrong, for a message.
    static func flaw(in bytes: [UInt8]) -> String? {
        bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer, from: 0)
            guard scanner.skipValue() else { return "not valid JSON at byte \(scanner.position)" }
            if scanner.position != buffer.count {
                return "not one JSON value: more begins at byte \(scanner.position)"
            }
            if !isUTF8(buffer) { return "not valid UTF-8" }
            return nil
        }
    }

    /// Appends a text as the inside of a JSON string.
    static func escape(_ text: String, into bytes: inout [UInt8]) {
        escape(text.utf8, into: &bytes)
    }

    static func escape(_ utf8: some Sequence<UInt8>, into bytes: inout [UInt8]) {
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20, 0x7F:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(Digits.hexadecimal[Int(byte >> 4)])
                bytes.append(Digits.hexadecimal[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
    }

    /// The text of the inside of a JSON string; nil when an escape is wrong.
    static func unescape(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.contains(UInt8(ascii: "\\")) else {
            return String(validating: bytes, as: UTF8.self)
        }
        var units: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                index += 1
                continue
            }
            guard index + 1 < bytes.count else { return nil }
            index += 2
            switch bytes[index - 1] {
            case UInt8(ascii: "\""): units.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): units.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "/"): units.append(UInt8(ascii: "/"))
            case UInt8(ascii: "b"): units.append(8)
            case UInt8(ascii: "f"): units.append(12)
            case UInt8(ascii: "n"): units.append(10)
            case UInt8(ascii: "r"): units.append(13)
            case UInt8(ascii: "t"): units.append(9)
            case UInt8(ascii: "u"):
                guard let (scalar, after) = scalar(bytes, at: index) else { return nil }
                units.append(contentsOf: String(Character(scalar)).utf8)
                index = after
            default: return nil
            }
        }
        return String(validating: units, as: UTF8.self)
    }

    /// The scalar whose four digits begin at `index`, and where it ends; two escapes for one beyond
    /// the basic plane.
    private static func scalar(
        _ bytes: UnsafeRawBufferPointer, at index: Int
    ) -> (Unicode.Scalar, Int)? {
        func unit(_ at: Int) -> UInt32? {
            guard at + 4 <= bytes.count else { return nil }
            var value: UInt32 = 0
            for byte in bytes[at..<at + 4] {
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
                value = value << 4 | UInt32(digit)
            }
            return value
        }
        guard let high = unit(index) else { return nil }
        if let scalar = Unicode.Scalar(high) { return (scalar, index + 4) }
        guard high < 0xDC00, index + 6 <= bytes.count, bytes[index + 4] == UInt8(ascii: "\\"),
            bytes[index + 5] == UInt8(ascii: "u"), let low = unit(index + 6),
            (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { return nil }
        return (scalar, index + 10)
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var high: UInt64 = 0
        var index = 0
        while bytes.count - index >= 8 {
            high |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            high |= UInt64(bytes[index])
            index += 1
        }
        if high & 0x8080_8080_8080_8080 == 0 { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }
}

/// A strict walk over JSON text that builds nothing.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int

    init(_ bytes: UnsafeRawBufferPointer, from position: Int) {
        self.bytes = bytes
        self.position = position
    }

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ expected: UInt8) -> Bool {
        guard byte == expected else { return false }
        position += 1
        return true
    }

    /// Skips a string and gives the range of its inside; nil, and a position at the flaw, when
    /// there is none. Escapes are looked at for their shape only.
    mutating func takeString() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while true {
            skipPlain()
            guard let byte else { return nil }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return start..<position - 1
            case UInt8(ascii: "\\"):
                position += 1
                guard skipEscape() else { return nil }
            case 0..<0x20: return nil
            default: position += 1
            }
        }
    }

    /// Skips bytes of a string eight at a time, up to one that needs a look: a quote, a backslash, a
    /// control character. (A borrow marks bytes behind such a one alone. The last seven are not skipped.)
    @inline(__always)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        while bytes.count - position >= 8 {
            let word = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let found =
                (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
                    | ((word &- (ones &* 0x20)) & ~word)) & (ones &* 0x80)
            // Eight where nothing was found.
            position += found.trailingZeroBitCount >> 3
            if found != 0 { return }
        }
    }

    private mutating func skipEscape() -> Bool {
        switch byte {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let digit = byte, Character(Unicode.Scalar(digit)).isHexDigit else {
                    return false
                }
                position += 1
            }
            return true
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
            return true
        default: return false
        }
    }

    @inline(__always)
    private mutating func skipSpace() {
        while byte == 0x20 || byte == 0x09 { position += 1 }
    }

    /// Skips one value, without line breaks; false, and a position at the flaw, when there is none.
    mutating func skipValue() -> Bool {
        // The kinds of the containers around the position, one bit each, set for an object, the
        // innermost lowest; no recursion, so that no input can use up the stack.
        var open: UInt128 = 0
        var depth = 0
        while true {
            skipSpace()
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = byte == UInt8(ascii: "{")
                guard depth < RecordFormat.maximumDepth else { return false }
                position += 1
                skipSpace()
                if take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) { break }
                open = open << 1 | (isObject ? 1 : 0)
                depth += 1
                if isObject, !skipKey() { return false }
                continue
            case UInt8(ascii: "\""): if takeString() == nil { return false }
            case UInt8(ascii: "t"): if !skip("true") { return false }
            case UInt8(ascii: "f"): if !skip("false") { return false }
            case UInt8(ascii: "n"): if !skip("null") { return false }
            default: if !skipNumber() { return false }
            }
            // After a value: close what ends here, then go on to the next member or element.
            while true {
                if depth == 0 { return true }
                let isObject = open & 1 == 1
                skipSpace()
                if take(UInt8(ascii: ",")) {
                    if isObject, !skipKey() { return false }
                    break
                }
                guard take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return false }
                open >>= 1
                depth -= 1
            }
        }
    }

    /// Skips a value that is neither an object nor an array.
    mutating func skipScalar() -> Bool {
        skipSpace()
        if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { return false }
        return skipValue()
    }

    private mutating func skipKey() -> Bool {
        skipSpace()
        guard takeString() != nil else { return false }
        skipSpace()
        return take(UInt8(ascii: ":"))
    }

    private mutating func skip(_ word: StaticString) -> Bool {
        for expected in UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        where !take(expected) {
            return false
        }
        return true
    }

    private mutating func skipDigits() -> Bool {
        let start = position
        while let digit = byte, digit &- 48 < 10 { position += 1 }
        return position > start
    }

    private mutating func skipNumber() -> Bool {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")), !skipDigits() { return false }
        if take(UInt8(ascii: ".")), !skipDigits() { return false }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            return skipDigits()
        }
        return true
    }
}
