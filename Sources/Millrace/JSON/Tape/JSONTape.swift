/// A JSON text that was walked through once: it knows where every value is and has made none of them.
/// A journal holds millions of payloads, and of most somebody wants two or three members.
///
/// It takes what `JSONValue(parsing:)` takes and nothing else, and leaves rare forms to it, as it does
/// the words for what is wrong: then there is no tape.
final class JSONTape: Sendable {
    enum Kind: UInt8 {
        case null, no, yes
        /// `bits` are the number's.
        case integer, number
        /// From `start` to `end`, without the quotes.
        case ascii, text, escaped
        /// From `start` to `end`, with the brackets. A list's elements follow it, an object's keys, each
        /// with its value behind it.
        case list, object
    }

    struct Entry {
        let kind: Kind
        /// Where the entry after this one and all that is in it stands; for a key, after its value.
        var next: UInt32
        var bits: UInt64

        var start: Int { Int(bits >> 32) }
        var end: Int { Int(bits & 0xFFFF_FFFF) }
    }

    let bytes: [UInt8]
    private let entries: [Entry]

    /// More bytes are not looked at.
    static let byteLimit = 1 << 24

    init?(_ bytes: [UInt8]) {
        guard bytes.count <= JSONTape.byteLimit else { return nil }
        var writer = JSONTapeWriter(reserving: bytes.count / 10 + 4)
        guard writer.document(bytes.span) else { return nil }
        self.bytes = bytes
        entries = writer.entries
    }

    subscript(index: Int) -> Entry { entries[index] }

    /// The text of a string's entry.
    func text(_ entry: Entry) -> String? {
        let bytes = bytes
        let text = bytes.span
        switch entry.kind {
        case .ascii: return makeASCIIString(text, entry.start..<entry.end)
        case .text: return try? makeString(text, entry.start..<entry.end)
        case .escaped:
            var parser = JSONParser(limits: .standard)
            parser.index = entry.start
            return try? parser.string(text)
        default: return nil
        }
    }

    /// Any entry as a value.
    func value(_ entry: Entry) throws -> JSONValue {
        switch entry.kind {
        case .null: .null
        case .no: .bool(false)
        case .yes: .bool(true)
        case .integer: .integer(Int64(bitPattern: entry.bits))
        case .number: .number(Double(bitPattern: entry.bits))
        case .ascii, .text, .escaped: .string(text(entry) ?? "")
        case .list, .object: try JSONValue(parsing: bytes[entry.start..<entry.end])
        }
    }

    /// Where the value of a member stands; nil when the object has none of that name.
    func member(_ name: Span<UInt8>, of object: Int) -> Int? {
        let bytes = bytes
        let text = bytes.span
        let end = Int(entries[object].next)
        var key = object + 1
        while key < end {
            let entry = entries[key]
            if entry.end - entry.start == name.count,
                isEqual(name, text, entry.start)
            {
                return key + 1
            }
            key = Int(entry.next)
        }
        return nil
    }

    private func isEqual(_ name: Span<UInt8>, _ text: Span<UInt8>, _ start: Int) -> Bool {
        for index in name.indices where text[start + index] != name[index] { return false }
        return true
    }
}

/// Walks through a text as `JSONParser` does and notes where things are.
struct JSONTapeWriter: JSONSteps {
    private(set) var entries: [JSONTape.Entry] = []
    var index = 0
    private var depth = 0

    /// Objects with more members are rare, and comparing each key with all others takes its time.
    private static let memberLimit = 64

    init(reserving count: Int) { entries.reserveCapacity(count) }

    /// False for what is no JSON text, and for what is left to the parser.
    mutating func document(_ text: Span<UInt8>) -> Bool {
        skipSpace(text)
        guard value(text) else { return false }
        skipSpace(text)
        return index == text.count
    }

    private mutating func note(_ kind: JSONTape.Kind, _ bits: UInt64 = 0) {
        entries.append(
            JSONTape.Entry(
                kind: kind, next: UInt32(truncatingIfNeeded: entries.count + 1), bits: bits))
    }

    private mutating func note(_ kind: JSONTape.Kind, _ range: Range<Int>) {
        note(kind, UInt64(range.lowerBound) << 32 | UInt64(range.upperBound))
    }

    private mutating func value(_ text: Span<UInt8>) -> Bool {
        guard index < text.count else { return false }
        switch text[index] {
        case UInt8(ascii: "\""):
            index += 1
            return string(text)
        case UInt8(ascii: "{"): return object(text)
        case UInt8(ascii: "["): return list(text)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number(text)
        case UInt8(ascii: "t"): return word("true", .yes, text)
        case UInt8(ascii: "f"): return word("false", .no, text)
        case UInt8(ascii: "n"): return word("null", .null, text)
        default: return false
        }
    }

    private mutating func object(_ text: Span<UInt8>) -> Bool {
        guard let place = open(.object) else { return false }
        skipSpace(text)
        if take(UInt8(ascii: "}"), text) { return close(place) }
        var seen: UInt64 = 0
        var count = 0
        while true {
            let key = entries.count
            guard take(UInt8(ascii: "\""), text), string(text), entries[key].kind == .ascii
            else { return false }
            let mark = JSONMembers.mark(text.extracting(entries[key].start..<entries[key].end))
            if seen & mark != 0, isKnown(key, after: place, text) { return false }
            seen |= mark
            count += 1
            skipSpace(text)
            guard count <= Self.memberLimit, take(UInt8(ascii: ":"), text) else { return false }
            skipSpace(text)
            guard value(text) else { return false }
            entries[key].next = UInt32(truncatingIfNeeded: entries.count)
            skipSpace(text)
            if take(UInt8(ascii: ","), text) {
                skipSpace(text)
            } else {
                return take(UInt8(ascii: "}"), text) && close(place)
            }
        }
    }

    /// Is there an equal key before this one?
    private func isKnown(_ key: Int, after object: Int, _ text: Span<UInt8>) -> Bool {
        let (start, end) = (entries[key].start, entries[key].end)
        var other = object + 1
        while other < key {
            let entry = entries[other]
            if entry.end - entry.start == end - start,
                (0..<end - start).allSatisfy({ text[entry.start + $0] == text[start + $0] })
            {
                return true
            }
            other = Int(entry.next)
        }
        return false
    }

    private mutating func list(_ text: Span<UInt8>) -> Bool {
        guard let place = open(.list) else { return false }
        skipSpace(text)
        if take(UInt8(ascii: "]"), text) { return close(place) }
        while true {
            guard value(text) else { return false }
            skipSpace(text)
            if take(UInt8(ascii: ","), text) {
                skipSpace(text)
            } else {
                return take(UInt8(ascii: "]"), text) && close(place)
            }
        }
    }

    /// Steps over the opening bracket.
    private mutating func open(_ kind: JSONTape.Kind) -> Int? {
        guard depth < JSONLimits.standard.depth else { return nil }
        depth += 1
        note(kind, UInt64(index) << 32)
        index += 1
        return entries.count - 1
    }

    private mutating func close(_ place: Int) -> Bool {
        depth -= 1
        entries[place].bits |= UInt64(index)
        entries[place].next = UInt32(truncatingIfNeeded: entries.count)
        return true
    }

    /// Up to the closing quote; the opening one has been taken.
    private mutating func string(_ text: Span<UInt8>) -> Bool {
        let start = index
        var kind = JSONTape.Kind.ascii
        while true {
            index = nextSpecialByte(text, from: index)
            guard index < text.count else { return false }
            switch text[index] {
            case UInt8(ascii: "\""):
                if kind == .text, (try? makeString(text, start..<index)) == nil { return false }
                note(kind, start..<index)
                index += 1
                return true
            case UInt8(ascii: "\\"):
                var parser = JSONParser(limits: .standard)
                parser.index = start
                guard (try? parser.string(text)) != nil else { return false }
                index = parser.index
                note(.escaped, start..<index - 1)
                return true
            case 0x80...:
                kind = .text
                index += 1
            default: return false
            }
        }
    }

    private mutating func number(_ text: Span<UInt8>) -> Bool {
        if plainNumber(text) { return true }
        var parser = JSONParser(limits: .standard)
        parser.index = index
        switch try? parser.number(text) {
        case .integer(let value): note(.integer, UInt64(bitPattern: value))
        case .number(let value): note(.number, value.bitPattern)
        default: return false
        }
        index = parser.index
        return true
    }

    /// What most numbers are: a few digits, perhaps a point and a few more.
    private mutating func plainNumber(_ text: Span<UInt8>) -> Bool {
        var rest = index
        var digits: UInt64 = 0
        var point: Int?
        while rest < text.count {
            let byte = text[rest]
            if byte &- UInt8(ascii: "0") < 10 {
                digits = digits &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
            } else if byte == UInt8(ascii: "."), point == nil, rest > index {
                point = rest
            } else {
                break
            }
            rest += 1
        }
        let whole = (point ?? rest) - index
        // Fifteen digits are exact in a double, as is the power of ten; and one division rounds once.
        guard whole > 0, rest - index <= 15, whole == 1 || text[index] != UInt8(ascii: "0"),
            rest < text.count,
            text[rest] == UInt8(ascii: ",") || text[rest] == UInt8(ascii: "}")
                || text[rest] == UInt8(ascii: "]")
        else { return false }
        if let point {
            guard rest > point + 1 else { return false }
            var power = 1.0
            for _ in point + 1..<rest { power *= 10 }
            note(.number, (Double(digits) / power).bitPattern)
        } else {
            note(.integer, digits)
        }
        index = rest
        return true
    }

    private mutating func word(
        _ word: StaticString, _ kind: JSONTape.Kind, _ text: Span<UInt8>
    ) -> Bool {
        let expected = word.utf8CodeUnitCount
        guard text.count - index >= expected else { return false }
        for offset in 0..<expected {
            // The count of the literal is its own.
            let byte = unsafe word.utf8Start[offset]
            guard text[index + offset] == byte else { return false }
        }
        index += expected
        note(kind)
        return true
    }
}
