struct KeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ValueDecoder
    let members: [JSONValue.Member]
    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { decoder.member(key.stringValue) != nil }

    private func member(_ key: Key, _ type: any Any.Type) throws -> JSONValue {
        guard let value = decoder.member(key.stringValue) else {
            throw JSONDecodingError(
                path: (codingPath + [key]).map(\.jsonName), expected: expectation(type),
                found: "nothing")
        }
        return value
    }

    func decodeNil(forKey key: Key) -> Bool {
        if case .null = decoder.member(key.stringValue) { true } else { false }
    }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try decoder.bool(try member(key, type), key)
    }
    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try decoder.string(try member(key, type), key)
    }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try decoder.double(try member(key, type), key)
    }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
        try decoder.float(try member(key, type), key)
    }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try decoder.integer(type, try member(key, type), key)
    }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try decoder.value(of: type, in: try member(key, type), key: key)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try superDecoder(forKey: key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(forKey: key).unkeyedContainer()
    }
    func superDecoder() -> any Decoder { below(JSONKey("super")) }
    func superDecoder(forKey key: Key) -> any Decoder { below(key) }

    /// A key that is not there reads as null, which only an optional accepts.
    private func below(_ key: any CodingKey) -> ValueDecoder {
        decoder.child(decoder.member(key.stringValue) ?? .null, key)
    }
}

struct UnkeyedReader: UnkeyedDecodingContainer {
    let decoder: ValueDecoder
    let elements: [JSONValue]
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(decoder: ValueDecoder, elements: [JSONValue]) {
        self.decoder = decoder
        self.elements = elements
    }

    /// Hands the next element to `decode`, and steps past it when that succeeds.
    private mutating func next<T>(
        _ type: T.Type, _ decode: (ValueDecoder, JSONValue, any CodingKey) throws -> T
    ) throws -> T {
        let key = JSONIndex(currentIndex)
        guard !isAtEnd else {
            throw JSONDecodingError(
                path: (codingPath + [key]).map(\.jsonName), expected: expectation(type),
                found: "the end of the list")
        }
        let value = try decode(decoder, elements[currentIndex], key)
        currentIndex += 1
        return value
    }

    mutating func decodeNil() -> Bool {
        guard !isAtEnd, case .null = elements[currentIndex] else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode(_ type: Bool.Type) throws -> Bool {
        try next(type) { try $0.bool($1, $2) }
    }
    mutating func decode(_ type: String.Type) throws -> String {
        try next(type) { try $0.string($1, $2) }
    }
    mutating func decode(_ type: Double.Type) throws -> Double {
        try next(type) { try $0.double($1, $2) }
    }
    mutating func decode(_ type: Float.Type) throws -> Float {
        try next(type) { try $0.float($1, $2) }
    }
    mutating func decode(_ type: Int.Type) throws -> Int {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: Int8.Type) throws -> Int8 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: Int16.Type) throws -> Int16 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: Int32.Type) throws -> Int32 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: Int64.Type) throws -> Int64 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: UInt.Type) throws -> UInt {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 {
        try next(type) { try $0.integer(type, $1, $2) }
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try next(type) { try $0.value(of: type, in: $1, key: $2) }
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try superDecoder().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try superDecoder().unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder {
        try next(ValueDecoder.self) { $0.child($1, $2) }
    }
}

struct SingleReader: SingleValueDecodingContainer {
    let decoder: ValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }
    private var json: JSONValue { decoder.json }

    init(decoder: ValueDecoder) { self.decoder = decoder }

    func decodeNil() -> Bool { if case .null = json { true } else { false } }
    func decode(_ type: Bool.Type) throws -> Bool { try decoder.bool(json, nil) }
    func decode(_ type: String.Type) throws -> String { try decoder.string(json, nil) }
    func decode(_ type: Double.Type) throws -> Double { try decoder.double(json, nil) }
    func decode(_ type: Float.Type) throws -> Float { try decoder.float(json, nil) }
    func decode(_ type: Int.Type) throws -> Int { try decoder.integer(type, json, nil) }
    func decode(_ type: Int8.Type) throws -> Int8 { try decoder.integer(type, json, nil) }
    func decode(_ type: Int16.Type) throws -> Int16 { try decoder.integer(type, json, nil) }
    func decode(_ type: Int32.Type) throws -> Int32 { try decoder.integer(type, json, nil) }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.integer(type, json, nil) }
    func decode(_ type: UInt.Type) throws -> UInt { try decoder.integer(type, json, nil) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.integer(type, json, nil) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.integer(type, json, nil) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.integer(type, json, nil) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.integer(type, json, nil) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.value(of: type) }
}
