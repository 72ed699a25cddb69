struct KeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    mutating func encodeNil(forKey key: Key) { encoder.set(.null, forKey: key.stringValue) }
    mutating func encode(_ value: Bool, forKey key: Key) {
        encoder.set(.bool(value), forKey: key.stringValue)
    }
    mutating func encode(_ value: String, forKey key: Key) {
        encoder.set(.string(value), forKey: key.stringValue)
    }
    mutating func encode(_ value: Double, forKey key: Key) throws {
        encoder.set(try encoder.number(value, key), forKey: key.stringValue)
    }
    mutating func encode(_ value: Float, forKey key: Key) throws {
        encoder.set(try encoder.number(value, key), forKey: key.stringValue)
    }
    mutating func encode(_ value: Int, forKey key: Key) {
        encoder.set(.integer(Int64(value)), forKey: key.stringValue)
    }
    mutating func encode(_ value: Int8, forKey key: Key) {
        encoder.set(.integer(Int64(value)), forKey: key.stringValue)
    }
    mutating func encode(_ value: Int16, forKey key: Key) {
        encoder.set(.integer(Int64(value)), forKey: key.stringValue)
    }
    mutating func encode(_ value: Int32, forKey key: Key) {
        encoder.set(.integer(Int64(value)), forKey: key.stringValue)
    }
    mutating func encode(_ value: Int64, forKey key: Key) {
        encoder.set(.integer(value), forKey: key.stringValue)
    }
    mutating func encode(_ value: UInt, forKey key: Key) throws {
        encoder.set(try encoder.integer(value, key), forKey: key.stringValue)
    }
    mutating func encode(_ value: UInt8, forKey key: Key) {
        encoder.set(.integer(Int64(value)), forKey: key.stringValue)
    }
    mutating func encode(_ value: UInt16, forKey key: Key) {
        encoder.set(.integer(Int64(value)), forKey: key.stringValue)
    }
    mutating func encode(_ value: UInt32, forKey key: Key) {
        encoder.set(.integer(Int64(value)), forKey: key.stringValue)
    }
    mutating func encode(_ value: UInt64, forKey key: Key) throws {
        encoder.set(try encoder.integer(value, key), forKey: key.stringValue)
    }
    mutating func encode(_ value: some Encodable, forKey key: Key) throws {
        encoder.set(try encoder.value(of: value, key: key), forKey: key.stringValue)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder.child(forKey: key).container(keyedBy: keyType)
    }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.child(forKey: key).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { encoder.child(forKey: JSONKey("super")) }
    mutating func superEncoder(forKey key: Key) -> any Encoder { encoder.child(forKey: key) }
}

struct UnkeyedWriter: UnkeyedEncodingContainer {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.elements.count }
    private var key: JSONIndex { JSONIndex(count) }

    init(encoder: ValueEncoder) { self.encoder = encoder }

    mutating func encodeNil() { encoder.append(.null) }
    mutating func encode(_ value: Bool) { encoder.append(.bool(value)) }
    mutating func encode(_ value: String) { encoder.append(.string(value)) }
    mutating func encode(_ value: Double) throws {
        encoder.append(try encoder.number(value, key))
    }
    mutating func encode(_ value: Float) throws { encoder.append(try encoder.number(value, key)) }
    mutating func encode(_ value: Int) { encoder.append(.integer(Int64(value))) }
    mutating func encode(_ value: Int8) { encoder.append(.integer(Int64(value))) }
    mutating func encode(_ value: Int16) { encoder.append(.integer(Int64(value))) }
    mutating func encode(_ value: Int32) { encoder.append(.integer(Int64(value))) }
    mutating func encode(_ value: Int64) { encoder.append(.integer(value)) }
    mutating func encode(_ value: UInt) throws { encoder.append(try encoder.integer(value, key)) }
    mutating func encode(_ value: UInt8) { encoder.append(.integer(Int64(value))) }
    mutating func encode(_ value: UInt16) { encoder.append(.integer(Int64(value))) }
    mutating func encode(_ value: UInt32) { encoder.append(.integer(Int64(value))) }
    mutating func encode(_ value: UInt64) throws {
        encoder.append(try encoder.integer(value, key))
    }
    mutating func encode(_ value: some Encodable) throws {
        encoder.append(try encoder.value(of: value, key: key))
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        encoder.nextChild().container(keyedBy: keyType)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        encoder.nextChild().unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { encoder.nextChild() }
}

struct SingleWriter: SingleValueEncodingContainer {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    mutating func encodeNil() { encoder.set(.null) }
    mutating func encode(_ value: Bool) { encoder.set(.bool(value)) }
    mutating func encode(_ value: String) { encoder.set(.string(value)) }
    mutating func encode(_ value: Double) throws { encoder.set(try encoder.number(value, nil)) }
    mutating func encode(_ value: Float) throws { encoder.set(try encoder.number(value, nil)) }
    mutating func encode(_ value: Int) { encoder.set(.integer(Int64(value))) }
    mutating func encode(_ value: Int8) { encoder.set(.integer(Int64(value))) }
    mutating func encode(_ value: Int16) { encoder.set(.integer(Int64(value))) }
    mutating func encode(_ value: Int32) { encoder.set(.integer(Int64(value))) }
    mutating func encode(_ value: Int64) { encoder.set(.integer(value)) }
    mutating func encode(_ value: UInt) throws { encoder.set(try encoder.integer(value, nil)) }
    mutating func encode(_ value: UInt8) { encoder.set(.integer(Int64(value))) }
    mutating func encode(_ value: UInt16) { encoder.set(.integer(Int64(value))) }
    mutating func encode(_ value: UInt32) { encoder.set(.integer(Int64(value))) }
    mutating func encode(_ value: UInt64) throws { encoder.set(try encoder.integer(value, nil)) }
    mutating func encode(_ value: some Encodable) throws {
        encoder.set(try encoder.value(of: value, key: nil))
    }
}
