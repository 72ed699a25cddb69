extension JSONValue {
    /// A value of some type from its JSON form, through its `Decodable` conformance.
    ///
    /// Unknown keys are passed over. Whole numbers must fit their type; `5.0` is a whole number.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws(JSONDecodingError) -> T {
        do {
            return try ValueDecoder(self, parent: nil, key: nil).value(of: type)
        } catch {
            throw JSONDecodingError(error, path: [], value: self)
        }
    }
}

/// Where one value reads itself from. `SettingsDecoder` is the only other kind.
class ValueDecoder: Decoder {
    let json: JSONValue
    private let parent: ValueDecoder?
    private let key: (any CodingKey)?
    /// The members, if this is an object.
    private var members: [JSONValue.Member] = []
    /// Where the last key was found: most types ask in the order in which they were written.
    private var lastFound = 0
    /// Key to position, made when an object with many members is asked out of order.
    private var table: [String: Int]?

    init(_ json: JSONValue, parent: ValueDecoder?, key: (any CodingKey)?) {
        self.json = json
        self.parent = parent
        self.key = key
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    var codingPath: [any CodingKey] {
        (parent?.codingPath ?? []) + (key.map { [$0] } ?? [])
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch("an object") }
        self.members = members
        return KeyedDecodingContainer(KeyedReader(decoder: self, members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch("a list") }
        return UnkeyedReader(decoder: self, elements: elements)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { SingleReader(decoder: self) }

    /// The value of a member; nil when there is none of that name.
    func member(_ name: String) -> JSONValue? {
        if lastFound < members.count, members[lastFound].key == name {
            return members[lastFound].value
        }
        if lastFound + 1 < members.count, members[lastFound + 1].key == name {
            lastFound += 1
            return members[lastFound].value
        }
        guard let position = search(name) else { return nil }
        lastFound = position
        return members[position].value
    }

    private func search(_ name: String) -> Int? {
        guard members.count > 16 else { return members.firstIndex { $0.key == name } }
        if let table { return table[name] }
        var table: [String: Int] = [:]
        for (position, member) in members.enumerated().reversed() { table[member.key] = position }
        self.table = table
        return table[name]
    }

    /// The decoder of a part that a container asks for.
    func child(_ json: JSONValue, _ key: any CodingKey) -> ValueDecoder {
        ValueDecoder(json, parent: self, key: key)
    }

    /// Decodes this value as a type, quickly where no further decoder is needed.
    func value<T: Decodable>(of type: T.Type) throws -> T {
        if let plain = try plainValue(of: type) { return plain }
        do {
            if let dictionary = type as? any JSONDictionary.Type,
                let result = try entries(dictionary) as? T
            {
                return result
            }
            return try T(from: self)
        } catch {
            throw improved(error, for: type)
        }
    }

    /// A value below this one.
    func value<T: Decodable>(of type: T.Type, in json: JSONValue, key: any CodingKey) throws -> T {
        try ValueDecoder(json, parent: self, key: key).value(of: type)
    }

    private func plainValue<T: Decodable>(of type: T.Type) throws -> T? {
        if type == String.self { return try string(json, nil) as? T }
        if type == Int.self { return try integer(Int.self, json, nil) as? T }
        if type == Double.self { return try double(json, nil) as? T }
        if type == Bool.self { return try bool(json, nil) as? T }
        if type == JSONValue.self { return json as? T }
        if type == [String].self { return try list(string) as? T }
        if type == [Double].self { return try list(double) as? T }
        return nil
    }

    private func list<Element>(
        _ decode: (JSONValue, (any CodingKey)?) throws -> Element
    ) throws -> [Element] {
        guard case .array(let elements) = json else { throw mismatch("a list") }
        var result: [Element] = []
        result.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            result.append(try decode(element, JSONIndex(index)))
        }
        return result
    }

    private func entries<T: JSONDictionary>(_ type: T.Type) throws -> T? {
        guard case .object(let members) = json else {
            if type.isTextKeyed { throw mismatch("an object") }
            return nil
        }
        return try T.fromJSON(members, path: { self.codingPath.map(\.jsonName) }) {
            type, json, key in try self.part(type, json, key)
        }
    }

    /// An entry of a dictionary; nil to leave it out.
    func part<T: Decodable>(
        _ type: T.Type, _ json: JSONValue, _ key: any CodingKey
    ) throws -> Any? {
        try value(of: type, in: json, key: key)
    }

    /// Says where and about which value an author's `init(from:)` threw, and names the choices of
    /// an enum that did not like it.
    private func improved<T>(_ error: any Error, for type: T.Type) -> JSONDecodingError {
        let path = codingPath.map(\.jsonName)
        if case DecodingError.dataCorrupted? = error as? DecodingError,
            type is any RawRepresentable.Type, let cases = type as? any CaseIterable.Type,
            let choices = listOfChoices(cases)
        {
            return JSONDecodingError(
                path: path, expected: "one of \(choices)", found: describeJSON(json))
        }
        return JSONDecodingError(error, path: path, value: json)
    }
}

/// The scalars, for all containers. `key` is the last step of the path, for the message.
extension ValueDecoder {
    func mismatch(
        _ expected: String, _ json: JSONValue? = nil, _ key: (any CodingKey)? = nil
    ) -> JSONDecodingError {
        JSONDecodingError(
            path: (codingPath + (key.map { [$0] } ?? [])).map(\.jsonName), expected: expected,
            found: describeJSON(json ?? self.json))
    }

    func string(_ json: JSONValue, _ key: (any CodingKey)?) throws -> String {
        guard case .string(let value) = json else { throw mismatch("a text", json, key) }
        return value
    }

    func bool(_ json: JSONValue, _ key: (any CodingKey)?) throws -> Bool {
        guard case .bool(let value) = json else { throw mismatch("true or false", json, key) }
        return value
    }

    func double(_ json: JSONValue, _ key: (any CodingKey)?) throws -> Double {
        guard let value = json.doubleValue else { throw mismatch("a number", json, key) }
        return value
    }

    func float(_ json: JSONValue, _ key: (any CodingKey)?) throws -> Float {
        guard let double = json.doubleValue else { throw mismatch("a number", json, key) }
        let value = Float(double)
        guard value.isFinite else {
            throw mismatch("a number of at most \(Float.greatestFiniteMagnitude)", json, key)
        }
        return value
    }

    func integer<T: FixedWidthInteger>(
        _ type: T.Type, _ json: JSONValue, _ key: (any CodingKey)?
    ) throws -> T {
        switch json {
        case .integer(let value):
            if let value = T(exactly: value) { return value }
            throw mismatch("a whole number from \(T.min) to \(T.max)", json, key)
        case .number(let value):
            if let value = T(exactly: value) { return value }
            let range = value.rounded(.towardZero) == value ? " from \(T.min) to \(T.max)" : ""
            throw mismatch("a whole number\(range)", json, key)
        default: throw mismatch("a whole number", json, key)
        }
    }
}
