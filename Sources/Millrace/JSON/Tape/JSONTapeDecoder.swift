/// Reads a value from a tape. What it throws tells nobody anything: whoever wants to know decodes the
/// `JSONValue`.
struct JSONTapeDecoder: Decoder {
    let tape: JSONTape
    let index: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ tape: JSONTape, at index: Int = 0) {
        self.tape = tape
        self.index = index
    }

    private var entry: JSONTape.Entry { tape[index] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard entry.kind == .object else { throw JSONTapeMismatch() }
        return KeyedDecodingContainer(JSONTapeObject<Key>(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard entry.kind == .list else { throw JSONTapeMismatch() }
        return JSONTapeList(tape, at: index)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        JSONTapeSingle(decoder: self)
    }

    var isNull: Bool { entry.kind == .null }

    func text() throws -> String {
        guard let text = tape.text(entry) else { throw JSONTapeMismatch() }
        return text
    }

    func bool() throws -> Bool {
        switch entry.kind {
        case .yes: return true
        case .no: return false
        default: throw JSONTapeMismatch()
        }
    }

    func double() throws -> Double {
        switch entry.kind {
        case .integer: return Double(Int64(bitPattern: entry.bits))
        case .number: return Double(bitPattern: entry.bits)
        default: throw JSONTapeMismatch()
        }
    }

    func float() throws -> Float {
        let value = Float(try double())
        guard value.isFinite else { throw JSONTapeMismatch() }
        return value
    }

    func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let value: T? =
            switch entry.kind {
            case .integer: T(exactly: Int64(bitPattern: entry.bits))
            case .number: T(exactly: Double(bitPattern: entry.bits))
            default: nil
            }
        guard let value else { throw JSONTapeMismatch() }
        return value
    }

    func digest() throws -> Digest {
        // No text with escapes is one.
        guard let digest = try plain({ Digest(hexadecimal: $0) }) else { throw JSONTapeMismatch() }
        return digest
    }

    func sequences() throws -> [UInt64] {
        guard entry.kind == .list else { throw JSONTapeMismatch() }
        var sequences: [UInt64] = []
        try forEach { sequences.append(try $0.integer(UInt64.self)) }
        return sequences
    }

    /// The bytes of a text that is written as it is.
    private func plain<T>(_ body: (Span<UInt8>) -> T?) throws -> T? {
        let entry = entry
        guard entry.kind == .ascii else { return nil }
        let bytes = tape.bytes
        let text = bytes.span
        guard let value = body(text.extracting(entry.start..<entry.end)) else {
            throw JSONTapeMismatch()
        }
        return value
    }

    func value<T: Decodable>(_ type: T.Type) throws -> T {
        // The types that payloads are full of. Each cast is one to the type that it was compared with.
        if type == String.self { return unsafe unsafeBitCast(try text(), to: T.self) }
        if type == Digest.self { return unsafe unsafeBitCast(try digest(), to: T.self) }
        if type == WorkspacePath.self, let path = try plain({ WorkspacePath(escaped: $0) }) {
            return unsafe unsafeBitCast(path, to: T.self)
        }
        if type == Int.self { return unsafe unsafeBitCast(try integer(Int.self), to: T.self) }
        if type == Double.self { return unsafe unsafeBitCast(try double(), to: T.self) }
        if type == JSONValue.self {
            return unsafe unsafeBitCast(try tape.value(entry), to: T.self)
        }
        if type == [UInt64].self {
            return unsafe unsafeBitCast(try sequences(), to: T.self)
        }
        return try T(from: self)
    }

    /// Shows each element of a list; of anything else, none.
    func forEach<E: Error>(_ body: (JSONTapeDecoder) throws(E) -> Void) throws(E) {
        guard entry.kind == .list else { return }
        let end = Int(entry.next)
        var index = index + 1
        while index < end {
            try body(JSONTapeDecoder(tape, at: index))
            index = Int(tape[index].next)
        }
    }

    /// The value of a member; nil when there is none of that name.
    func member(_ name: String) -> JSONTapeDecoder? {
        guard entry.kind == .object else { return nil }
        return tape.member(name.utf8.span, of: index).map { JSONTapeDecoder(tape, at: $0) }
    }
}

/// The value is not of the type that was asked for, or there is none.
struct JSONTapeMismatch: Error {}

private struct JSONTapeObject<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: JSONTapeDecoder
    var codingPath: [any CodingKey] { [] }

    var allKeys: [Key] {
        let tape = decoder.tape
        var keys: [Key] = []
        var index = decoder.index + 1
        while index < Int(tape[decoder.index].next) {
            if let name = tape.text(tape[index]), let key = Key(stringValue: name) {
                keys.append(key)
            }
            index = Int(tape[index].next)
        }
        return keys
    }

    private func member(_ key: Key) throws -> JSONTapeDecoder {
        guard let member = decoder.member(key.stringValue) else { throw JSONTapeMismatch() }
        return member
    }

    func contains(_ key: Key) -> Bool { decoder.member(key.stringValue) != nil }
    func decodeNil(forKey key: Key) -> Bool { decoder.member(key.stringValue)?.isNull ?? false }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).text() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try member(key).double() }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try member(key).float() }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key).integer(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 {
        try member(key).integer(type)
    }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 {
        try member(key).integer(type)
    }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 {
        try member(key).integer(type)
    }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
        try member(key).integer(type)
    }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt {
        try member(key).integer(type)
    }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 {
        try member(key).integer(type)
    }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
        try member(key).integer(type)
    }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try member(key).integer(type)
    }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try member(key).integer(type)
    }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try member(key).value(type)
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        guard let member = decoder.member(key.stringValue), !member.isNull else { return nil }
        return try member.value(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try member(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try member(key).unkeyedContainer()
    }
    // A value that is not there would read as null: left to the decoder of values.
    func superDecoder() throws -> any Decoder { throw JSONTapeMismatch() }
    func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

private struct JSONTapeList: UnkeyedDecodingContainer {
    private let tape: JSONTape
    private var index: Int
    private let end: Int
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? {
        var count = currentIndex
        var rest = index
        while rest < end {
            rest = Int(tape[rest].next)
            count += 1
        }
        return count
    }
    var isAtEnd: Bool { index >= end }

    init(_ tape: JSONTape, at place: Int) {
        self.tape = tape
        index = place + 1
        end = Int(tape[place].next)
    }

    /// Hands the next element to `decode`, and steps past it when that succeeds.
    private mutating func next<T>(_ decode: (JSONTapeDecoder) throws -> T) throws -> T {
        guard index < end else { throw JSONTapeMismatch() }
        let value = try decode(JSONTapeDecoder(tape, at: index))
        index = Int(tape[index].next)
        currentIndex += 1
        return value
    }

    mutating func decodeNil() -> Bool {
        guard index < end, tape[index].kind == .null else { return false }
        index += 1
        currentIndex += 1
        return true
    }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.bool() } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try $0.text() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.double() } }
    mutating func decode(_ type: Float.Type) throws -> Float { try next { try $0.float() } }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.integer(type) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.integer(type) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.integer(type) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.integer(type) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.integer(type) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.integer(type) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.integer(type) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 {
        try next { try $0.integer(type) }
    }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 {
        try next { try $0.integer(type) }
    }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 {
        try next { try $0.integer(type) }
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try next { try $0.value(type) }
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next { try $0.container(keyedBy: type) } }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try $0.unkeyedContainer() }
    }
    mutating func superDecoder() throws -> any Decoder { try next { $0 } }
}

private struct JSONTapeSingle: SingleValueDecodingContainer {
    let decoder: JSONTapeDecoder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { decoder.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try decoder.bool() }
    func decode(_ type: String.Type) throws -> String { try decoder.text() }
    func decode(_ type: Double.Type) throws -> Double { try decoder.double() }
    func decode(_ type: Float.Type) throws -> Float { try decoder.float() }
    func decode(_ type: Int.Type) throws -> Int { try decoder.integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try decoder.integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try decoder.integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try decoder.integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try decoder.integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.integer(type) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.value(type) }
}
