extension JSONValue {
    /// Reads one JSON text, strictly by RFC 8259.
    ///
    /// Stricter than the letter of it where two readers could understand different things: a key
    /// twice in one object, half a surrogate pair, a number too large for a `Double` and bytes that
    /// are not UTF-8 are errors. A whole number beyond 64 bits becomes the nearest `.number`.
    public init(
        parsing bytes: [UInt8], limits: JSONLimits = .standard
    ) throws(JSONError) {
        try self.init(parsing: bytes.span, limits: limits)
    }

    /// Reads one JSON text from a part of a buffer.
    public init(
        parsing bytes: ArraySlice<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) {
        try self.init(parsing: bytes.span, limits: limits)
    }

    /// Reads one JSON text without copying it first.
    public init(
        parsing text: Span<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) {
        var parser = JSONParser(limits: limits)
        do {
            self = try parser.document(text)
        } catch {
            throw JSONError(error, in: text)
        }
    }
}

/// A recursive descent over the bytes. The text is handed to each step because a structure cannot
/// keep a span.
struct JSONParser: JSONSteps {
    let limits: JSONLimits
    var index = 0
    private var depth = 0

    init(limits: JSONLimits) { self.limits = limits }

    mutating func document(_ text: Span<UInt8>) throws(JSONFault) -> JSONValue {
        guard text.count <= limits.byteCount else {
            throw JSONFault(
                "the text has \(text.count) bytes; at most \(limits.byteCount) are read", at: 0)
        }
        skipSpace(text)
        let result = try value(text)
        skipSpace(text)
        guard index == text.count else {
            throw JSONFault("expected the end after the value, found \(found(text))", at: index)
        }
        return result
    }

    private mutating func value(_ text: Span<UInt8>) throws(JSONFault) -> JSONValue {
        guard index < text.count else {
            throw JSONFault("expected a value, found the end", at: index)
        }
        switch text[index] {
        case UInt8(ascii: "\""):
            index += 1
            return .string(try string(text))
        case UInt8(ascii: "{"): return try object(text)
        case UInt8(ascii: "["): return try array(text)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(text)
        case UInt8(ascii: "t"): return try word("true", .bool(true), text)
        case UInt8(ascii: "f"): return try word("false", .bool(false), text)
        case UInt8(ascii: "n"): return try word("null", .null, text)
        default: throw JSONFault("expected a value, found \(found(text))", at: index)
        }
    }

    private mutating func object(_ text: Span<UInt8>) throws(JSONFault) -> JSONValue {
        try enter()
        var members = JSONMembers()
        skipSpace(text)
        if take(UInt8(ascii: "}"), text) {
            depth -= 1
            return .object([])
        }
        while true {
            let keyOffset = index
            guard take(UInt8(ascii: "\""), text) else {
                throw JSONFault("expected a key in quotes, found \(found(text))", at: index)
            }
            let key = try string(text)
            let keyMark = mark(of: key, writtenAt: keyOffset + 1, text)
            skipSpace(text)
            guard take(UInt8(ascii: ":"), text) else {
                throw JSONFault("expected : after the key, found \(found(text))", at: index)
            }
            skipSpace(text)
            guard members.append(key, try value(text), mark: keyMark) else {
                throw JSONFault("the key \(quoted(key)) is there twice", at: keyOffset)
            }
            skipSpace(text)
            if take(UInt8(ascii: ","), text) {
                skipSpace(text)
            } else if take(UInt8(ascii: "}"), text) {
                depth -= 1
                return .object(members.members)
            } else {
                throw JSONFault("expected , or } here, found \(found(text))", at: index)
            }
        }
    }

    /// The mark of a key that was just read: from the text, unless it was written with escapes.
    private func mark(of key: String, writtenAt start: Int, _ text: Span<UInt8>) -> UInt64 {
        let range = start..<max(start, index - 1)
        return range.count == key.utf8.count
            ? JSONMembers.mark(text.extracting(range)) : JSONMembers.mark(key.utf8.span)
    }

    private mutating func array(_ text: Span<UInt8>) throws(JSONFault) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        skipSpace(text)
        if take(UInt8(ascii: "]"), text) {
            depth -= 1
            return .array([])
        }
        while true {
            elements.append(try value(text))
            skipSpace(text)
            if take(UInt8(ascii: ","), text) {
                skipSpace(text)
            } else if take(UInt8(ascii: "]"), text) {
                depth -= 1
                return .array(elements)
            } else {
                throw JSONFault("expected , or ] here, found \(found(text))", at: index)
            }
        }
    }

    /// Steps over the opening bracket.
    private mutating func enter() throws(JSONFault) {
        guard depth < limits.depth else {
            throw JSONFault("more than \(limits.depth) levels lie in each other", at: index)
        }
        depth += 1
        index += 1
    }

    private mutating func word(
        _ word: String, _ value: JSONValue, _ text: Span<UInt8>
    ) throws(JSONFault) -> JSONValue {
        var rest = index
        for byte in word.utf8 {
            guard rest < text.count, text[rest] == byte else {
                throw JSONFault("expected \(word) here", at: index)
            }
            rest += 1
        }
        index = rest
        return value
    }

    private func found(_ text: Span<UInt8>) -> String { describeByte(at: index, in: text) }
}
