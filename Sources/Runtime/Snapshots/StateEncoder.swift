import Millrace

/// Values as bytes, through their `Encodable` conformance: smaller and several times faster than JSON,
/// for states that one program writes and the same program reads again.
///
/// Layout: the table of keys (a count, then each as a length and UTF-8), then one value. A value is a
/// tag and what belongs to it; numbers are in variable-length groups of seven bits, the lowest first.
enum StateTag: UInt8 {
    case null, no, yes
    /// A whole number; negative ones as `2 * -n - 1`.
    case integer
    /// A whole number that has no sign.
    case natural
    /// Eight bytes, the lowest first.
    case double
    /// A length and that many bytes.
    case text, bytes
    /// A length in bytes, then the elements.
    case list
    /// A length in bytes, then pairs of a key's number and a value.
    case object
}

/// Encodes a state. - Throws: what its conformance throws.
func encodeState(_ value: some Encodable) throws -> [UInt8] {
    let keys = StateKeys()
    let node = StateNode(keys: keys, path: [])
    try node.write(value)
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(keys.names.count))
    for name in keys.names { bytes.append(text: name) }
    return bytes + node.finished()
}

extension [UInt8] {
    mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func append(text: String) {
        append(number: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func append(_ tag: StateTag) { append(tag.rawValue) }
}

/// The keys of all objects, each with a number.
private final class StateKeys {
    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]

    func number(of name: String) -> UInt64 {
        if let known = numbers[name] { return UInt64(known) }
        numbers[name] = names.count
        names.append(name)
        return UInt64(names.count - 1)
    }
}

/// Where one value writes itself. Containers that were handed out may be written to until the whole is
/// finished; they are put in their places then.
private final class StateNode: Encoder {
    enum Kind { case single, list, object }

    let keys: StateKeys
    let codingPath: [any CodingKey]
    var kind = Kind.single
    /// Of elements, in a list.
    var count = 0
    private var bytes: [UInt8] = []
    private var pending: [(position: Int, node: StateNode)] = []

    init(keys: StateKeys, path: [any CodingKey]) {
        self.keys = keys
        codingPath = path
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        kind = .object
        return KeyedEncodingContainer(StateObjectWriter<Key>(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        kind = .list
        return StateListWriter(node: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        StateSingleWriter(node: self)
    }

    func key(_ key: any CodingKey) { bytes.append(number: keys.number(of: key.stringValue)) }

    func child(_ key: (any CodingKey)?) -> StateNode {
        let child = StateNode(keys: keys, path: key.map { codingPath + [$0] } ?? codingPath)
        pending.append((bytes.count, child))
        return child
    }

    func finished() -> [UInt8] {
        var inside = bytes
        if !pending.isEmpty {
            inside = []
            var done = 0
            for (position, node) in pending {
                inside += bytes[done..<position]
                inside += node.finished()
                done = position
            }
            inside += bytes[done...]
        }
        guard kind != .single else {
            return inside.isEmpty ? [StateTag.object.rawValue, 0] : inside
        }
        var whole: [UInt8] = [(kind == .list ? StateTag.list : .object).rawValue]
        whole.append(number: UInt64(inside.count))
        return whole + inside
    }

    // MARK: values

    func writeNull() { bytes.append(StateTag.null) }
    func write(_ value: Bool) { bytes.append(value ? StateTag.yes : .no) }

    func write(_ value: String) {
        bytes.append(StateTag.text)
        bytes.append(text: value)
    }

    func write(_ value: Double) {
        bytes.append(StateTag.double)
        append(value.bitPattern)
    }

    func write<T: BinaryInteger>(integer value: T) {
        if let small = Int64(exactly: value) {
            bytes.append(StateTag.integer)
            bytes.append(number: UInt64(bitPattern: small << 1 ^ small >> 63))
        } else {
            bytes.append(StateTag.natural)
            bytes.append(number: UInt64(truncatingIfNeeded: value))
        }
    }

    private func append(_ word: UInt64) {
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }

    private func write(raw: [UInt8]) {
        bytes.append(StateTag.bytes)
        bytes.append(number: UInt64(raw.count))
        bytes += raw
    }

    func write<T: Encodable>(_ value: T) throws {
        // The values that states are full of, without a further container.
        if T.self == String.self, let value = value as? String { return write(value) }
        if T.self == Digest.self, let value = value as? Digest {
            bytes.append(StateTag.bytes)
            bytes.append(32)
            append(value.words.0)
            append(value.words.1)
            append(value.words.2)
            append(value.words.3)
            return
        }
        if T.self == EventID.self, let value = value as? EventID {
            bytes.append(StateTag.bytes)
            bytes.append(16)
            append(value.high)
            append(value.low)
            return
        }
        if T.self == Timestamp.self, let value = value as? Timestamp {
            return write(integer: value.microseconds)
        }
        if T.self == WorkspacePath.self, let value = value as? WorkspacePath {
            return write(raw: value.bytes)
        }
        if T.self == JSONValue.self, let value = value as? JSONValue {
            return write(raw: value.bytes)
        }
        if T.self == [UInt8].self, let value = value as? [UInt8] { return write(raw: value) }
        let node = StateNode(keys: keys, path: codingPath)
        try value.encode(to: node)
        bytes += node.finished()
    }
}

private struct StateObjectWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: StateNode
    var codingPath: [any CodingKey] { node.codingPath }

    mutating func encodeNil(forKey key: Key) {
        node.key(key)
        node.writeNull()
    }
    mutating func encode(_ value: Bool, forKey key: Key) {
        node.key(key)
        node.write(value)
    }
    mutating func encode(_ value: String, forKey key: Key) {
        node.key(key)
        node.write(value)
    }
    mutating func encode(_ value: Double, forKey key: Key) {
        node.key(key)
        node.write(value)
    }
    mutating func encode(_ value: Float, forKey key: Key) {
        node.key(key)
        node.write(Double(value))
    }
    mutating func encode(_ value: Int, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: Int8, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: Int16, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: Int32, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: Int64, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: UInt, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: UInt8, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: UInt16, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: UInt32, forKey key: Key) { integer(value, key) }
    mutating func encode(_ value: UInt64, forKey key: Key) { integer(value, key) }
    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        node.key(key)
        try node.write(value)
    }

    private func integer<T: BinaryInteger>(_ value: T, _ key: Key) {
        node.key(key)
        node.write(integer: value)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        node.key(key)
        return node.child(key).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        node.key(key)
        return node.child(key).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder {
        node.key(StateKey.above)
        return node.child(StateKey.above)
    }
    mutating func superEncoder(forKey key: Key) -> any Encoder {
        node.key(key)
        return node.child(key)
    }
}

private struct StateListWriter: UnkeyedEncodingContainer {
    let node: StateNode
    var codingPath: [any CodingKey] { node.codingPath }
    var count: Int { node.count }

    private func next() { node.count += 1 }

    mutating func encodeNil() {
        next()
        node.writeNull()
    }
    mutating func encode(_ value: Bool) {
        next()
        node.write(value)
    }
    mutating func encode(_ value: String) {
        next()
        node.write(value)
    }
    mutating func encode(_ value: Double) {
        next()
        node.write(value)
    }
    mutating func encode(_ value: Float) {
        next()
        node.write(Double(value))
    }
    mutating func encode(_ value: Int) { integer(value) }
    mutating func encode(_ value: Int8) { integer(value) }
    mutating func encode(_ value: Int16) { integer(value) }
    mutating func encode(_ value: Int32) { integer(value) }
    mutating func encode(_ value: Int64) { integer(value) }
    mutating func encode(_ value: UInt) { integer(value) }
    mutating func encode(_ value: UInt8) { integer(value) }
    mutating func encode(_ value: UInt16) { integer(value) }
    mutating func encode(_ value: UInt32) { integer(value) }
    mutating func encode(_ value: UInt64) { integer(value) }
    mutating func encode<T: Encodable>(_ value: T) throws {
        next()
        try node.write(value)
    }

    private func integer<T: BinaryInteger>(_ value: T) {
        next()
        node.write(integer: value)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        next()
        return node.child(nil).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        next()
        return node.child(nil).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder {
        next()
        return node.child(nil)
    }
}

private struct StateSingleWriter: SingleValueEncodingContainer {
    let node: StateNode
    var codingPath: [any CodingKey] { node.codingPath }

    mutating func encodeNil() { node.writeNull() }
    mutating func encode(_ value: Bool) { node.write(value) }
    mutating func encode(_ value: String) { node.write(value) }
    mutating func encode(_ value: Double) { node.write(value) }
    mutating func encode(_ value: Float) { node.write(Double(value)) }
    mutating func encode(_ value: Int) { node.write(integer: value) }
    mutating func encode(_ value: Int8) { node.write(integer: value) }
    mutating func encode(_ value: Int16) { node.write(integer: value) }
    mutating func encode(_ value: Int32) { node.write(integer: value) }
    mutating func encode(_ value: Int64) { node.write(integer: value) }
    mutating func encode(_ value: UInt) { node.write(integer: value) }
    mutating func encode(_ value: UInt8) { node.write(integer: value) }
    mutating func encode(_ value: UInt16) { node.write(integer: value) }
    mutating func encode(_ value: UInt32) { node.write(integer: value) }
    mutating func encode(_ value: UInt64) { node.write(integer: value) }
    mutating func encode<T: Encodable>(_ value: T) throws { try node.write(value) }
}

/// A key by its name.
struct StateKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    static let above = StateKey("super")

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}
