/// Writes the members of an object to its node.
struct StateObjectWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
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

/// Writes the elements of a list to its node.
struct StateListWriter: UnkeyedEncodingContainer {
    let node: StateNode
    var codingPath: [any CodingKey] { node.codingPath }
    var count: Int { node.count }

    private func next() { node.element() }

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

/// Writes one value to its node.
struct StateSingleWriter: SingleValueEncodingContainer {
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
