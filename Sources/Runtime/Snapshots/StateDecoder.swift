import Millrace

/// What cannot be read as a state.
struct StateError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Reads what `encodeState` wrote. - Throws: for any other bytes.
func decodeState<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    let source = try StateSource(bytes)
    return try StateReading(source: source, offset: source.start).value(type)
}

/// The bytes of a state and its keys.
private final class StateSource {
    let bytes: [UInt8]
    private(set) var keys: [String] = []
    private(set) var start = 0

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        var offset = 0
        let count = try number(&offset)
        guard count <= UInt64(bytes.count) else { throw StateError("too many keys") }
        for _ in 0..<count { keys.append(try text(&offset)) }
        start = offset
    }

    func number(_ offset: inout Int) throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            guard offset < bytes.count else { throw StateError("it ends in a number") }
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw StateError("a number is too long")
    }

    func length(_ offset: inout Int) throws -> Int {
        let value = try number(&offset)
        guard value <= UInt64(bytes.count - offset) else {
            throw StateError("a length of \(value) leads beyond the end")
        }
        return Int(value)
    }

    func text(_ offset: inout Int) throws -> String {
        let count = try length(&offset)
        defer { offset += count }
        return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
    }

    func tag(_ offset: inout Int) throws -> StateTag {
        guard offset < bytes.count, let tag = StateTag(rawValue: bytes[offset]) else {
            throw StateError("there is no value at byte \(offset)")
        }
        offset += 1
        return tag
    }

    func word(_ offset: inout Int) throws -> UInt64 {
        guard bytes.count - offset >= 8 else { throw StateError("it ends in a number") }
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(bytes[offset + index]) << (8 * UInt64(index)) }
        offset += 8
        return word
    }

    func skip(_ offset: inout Int) throws {
        switch try tag(&offset) {
        case .null, .no, .yes: break
        case .integer, .natural: _ = try number(&offset)
        case .double: _ = try word(&offset)
        case .text, .bytes, .list, .object: offset += try length(&offset)
        }
    }
}

/// One value at an offset.
private struct StateReading: Decoder {
    let source: StateSource
    let offset: Int
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try StateObjectReader<Key>(source, at: offset))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try StateListReader(source, at: offset)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        StateSingleReader(reading: self)
    }

    func isNull() -> Bool { offset < source.bytes.count && source.bytes[offset] == 0 }

    func bool() throws -> Bool {
        var offset = offset
        switch try source.tag(&offset) {
        case .yes: return true
        case .no: return false
        default: throw StateError("no true or false at byte \(offset)")
        }
    }

    func text() throws -> String {
        var offset = offset
        guard try source.tag(&offset) == .text else { throw StateError("no text at \(offset)") }
        return try source.text(&offset)
    }

    func double() throws -> Double {
        var offset = offset
        guard try source.tag(&offset) == .double else {
            throw StateError("no number at byte \(offset)")
        }
        return Double(bitPattern: try source.word(&offset))
    }

    func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        var offset = offset
        let tag = try source.tag(&offset)
        let value = try source.number(&offset)
        let found: T? =
            switch tag {
            case .integer: T(exactly: Int64(bitPattern: value >> 1) ^ -Int64(value & 1))
            case .natural: T(exactly: value)
            default: nil
            }
        guard let found else { throw StateError("no \(type) at byte \(offset)") }
        return found
    }

    private func raw() throws -> (offset: Int, count: Int) {
        var offset = offset
        guard try source.tag(&offset) == .bytes else { throw StateError("no bytes at \(offset)") }
        let count = try source.length(&offset)
        return (offset, count)
    }

    private func words(_ count: Int) throws -> [4 of UInt64] {
        var (offset, length) = try raw()
        guard length == count * 8 else { throw StateError("\(length) bytes at \(offset)") }
        var words: [4 of UInt64] = .init(repeating: 0)
        for index in 0..<count { words[index] = try source.word(&offset) }
        return words
    }

    func value<T: Decodable>(_ type: T.Type) throws -> T {
        // The types that states are full of. Each cast is one to the type that it was compared with.
        if type == String.self { return unsafeBitCast(try text(), to: T.self) }
        if type == Digest.self { return unsafeBitCast(try digest(), to: T.self) }
        if type == [UInt8].self { return unsafeBitCast(try bytes(), to: T.self) }
        if type == Timestamp.self {
            let time = Timestamp(microseconds: try integer(Int64.self))
            return unsafeBitCast(time, to: T.self)
        }
        if type == WorkspacePath.self { return unsafeBitCast(try path(), to: T.self) }
        if type == EventID.self {
            let words = try words(2)
            return unsafeBitCast(EventID(high: words[0], low: words[1]), to: T.self)
        }
        if type == JSONValue.self {
            return unsafeBitCast(try JSONValue(parsing: try bytes()), to: T.self)
        }
        return try T(from: self)
    }

    private func digest() throws -> Digest {
        let words = try words(4)
        return Digest(words: (words[0], words[1], words[2], words[3]))
    }

    private func bytes() throws -> [UInt8] {
        let (offset, count) = try raw()
        return Array(source.bytes[offset..<offset + count])
    }

    private func path() throws -> WorkspacePath {
        let (offset, count) = try raw()
        guard let path = WorkspacePath(bytes: source.bytes[offset..<offset + count]) else {
            throw StateError("no path at byte \(offset)")
        }
        return path
    }
}

private struct StateObjectReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let source: StateSource
    /// The key's number and where its value is, in the order in which they were written.
    private var entries: [(key: Int, offset: Int)] = []
    /// Values are asked for in the order in which they were written, nearly always.
    private let hint = Hint()
    var codingPath: [any CodingKey] { [] }

    private final class Hint { var next = 0 }

    init(_ source: StateSource, at place: Int) throws {
        self.source = source
        var offset = place
        guard try source.tag(&offset) == .object else { throw StateError("no object at \(place)") }
        let length = try source.length(&offset)
        let end = offset + length
        while offset < end {
            let key = try source.number(&offset)
            guard key < UInt64(source.keys.count) else { throw StateError("no key \(key)") }
            entries.append((Int(key), offset))
            try source.skip(&offset)
        }
        guard offset == end else { throw StateError("an object is longer than it says") }
    }

    var allKeys: [Key] { entries.compactMap { Key(stringValue: source.keys[$0.key]) } }

    private func find(_ key: any CodingKey) -> StateReading? {
        let name = key.stringValue
        if hint.next < entries.count, source.keys[entries[hint.next].key] == name {
            hint.next += 1
            return StateReading(source: source, offset: entries[hint.next - 1].offset)
        }
        guard let index = entries.firstIndex(where: { source.keys[$0.key] == name }) else {
            return nil
        }
        hint.next = index + 1
        return StateReading(source: source, offset: entries[index].offset)
    }

    private func reading(_ key: any CodingKey) throws -> StateReading {
        guard let reading = find(key) else { throw StateError("there is no \(key.stringValue)") }
        return reading
    }

    func contains(_ key: Key) -> Bool {
        let name = key.stringValue
        if hint.next < entries.count, source.keys[entries[hint.next].key] == name { return true }
        return entries.contains { source.keys[$0.key] == name }
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        // Not taken: the value itself is asked for next.
        let name = key.stringValue
        guard let entry = entries.first(where: { source.keys[$0.key] == name }) else {
            return true
        }
        return StateReading(source: source, offset: entry.offset).isNull()
    }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try reading(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try reading(key).text() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try reading(key).double()
    }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
        Float(try reading(key).double())
    }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try reading(key).integer(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 {
        try reading(key).integer(type)
    }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 {
        try reading(key).integer(type)
    }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 {
        try reading(key).integer(type)
    }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
        try reading(key).integer(type)
    }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt {
        try reading(key).integer(type)
    }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 {
        try reading(key).integer(type)
    }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
        try reading(key).integer(type)
    }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try reading(key).integer(type)
    }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try reading(key).integer(type)
    }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try reading(key).value(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try reading(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try reading(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { try reading(StateKey.above) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try reading(key) }
}

private struct StateListReader: UnkeyedDecodingContainer {
    let source: StateSource
    private var offset: Int
    private let end: Int
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { nil }
    var isAtEnd: Bool { offset >= end }

    init(_ source: StateSource, at place: Int) throws {
        self.source = source
        offset = place
        guard try source.tag(&offset) == .list else { throw StateError("no list at \(place)") }
        let length = try source.length(&offset)
        end = offset + length
    }

    private mutating func next() throws -> StateReading {
        guard offset < end else { throw StateError("a list is shorter than it should be") }
        let reading = StateReading(source: source, offset: offset)
        try source.skip(&offset)
        currentIndex += 1
        return reading
    }

    mutating func decodeNil() throws -> Bool {
        guard offset < end, source.bytes[offset] == 0 else { return false }
        _ = try next()
        return true
    }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try next().bool() }
    mutating func decode(_ type: String.Type) throws -> String { try next().text() }
    mutating func decode(_ type: Double.Type) throws -> Double { try next().double() }
    mutating func decode(_ type: Float.Type) throws -> Float { Float(try next().double()) }
    mutating func decode(_ type: Int.Type) throws -> Int { try next().integer(type) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next().integer(type) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next().integer(type) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next().integer(type) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next().integer(type) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next().integer(type) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next().integer(type) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next().integer(type) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next().integer(type) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next().integer(type) }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().value(type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next().unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct StateSingleReader: SingleValueDecodingContainer {
    let reading: StateReading
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { reading.isNull() }
    func decode(_ type: Bool.Type) throws -> Bool { try reading.bool() }
    func decode(_ type: String.Type) throws -> String { try reading.text() }
    func decode(_ type: Double.Type) throws -> Double { try reading.double() }
    func decode(_ type: Float.Type) throws -> Float { Float(try reading.double()) }
    func decode(_ type: Int.Type) throws -> Int { try reading.integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try reading.integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try reading.integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try reading.integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try reading.integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try reading.integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try reading.integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try reading.integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try reading.integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try reading.integer(type) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try reading.value(type) }
}
