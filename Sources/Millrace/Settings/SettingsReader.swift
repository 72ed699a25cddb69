/// The keyed container of `SettingsDecoder`: everything goes through two methods of it, which note
/// what was asked for.
struct SettingsReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: SettingsDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    var allKeys: [Key] {
        let keys = (decoder.json.members ?? []).compactMap { Key(stringValue: $0.key) }
        for key in keys { decoder.note(key) }
        return keys
    }

    func contains(_ key: Key) -> Bool {
        decoder.note(key)
        return decoder.member(key.stringValue) != nil
    }

    func decodeNil(forKey key: Key) -> Bool {
        decoder.note(key)
        return decoder.member(key.stringValue) == .null
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try decoder.field(type, key)
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try optional(type, key)
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

    private func below(_ key: any CodingKey) -> ValueDecoder {
        decoder.note(key)
        return decoder.child(decoder.member(key.stringValue) ?? .null, key)
    }
}

/// The protocol asks for one method for each type of the standard library.
extension SettingsReader {
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try decoder.field(type, key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try decoder.field(type, key)
    }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try decoder.field(type, key)
    }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
        try decoder.field(type, key)
    }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try decoder.field(type, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try decoder.field(type, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 {
        try decoder.field(type, key)
    }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 {
        try decoder.field(type, key)
    }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
        try decoder.field(type, key)
    }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try decoder.field(type, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 {
        try decoder.field(type, key)
    }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
        try decoder.field(type, key)
    }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try decoder.field(type, key)
    }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try decoder.field(type, key)
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? {
        try optional(type, key)
    }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
        try optional(type, key)
    }

    private func optional<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
        decoder.note(key, type)
        return decodeNil(forKey: key) || !contains(key) ? nil : try decoder.optional(type, key)
    }
}
