extension JSONValue {
    /// The JSON form of a value, through its `Encodable` conformance.
    ///
    /// Optionals that are nil are left out. Dictionaries with texts, whole numbers or enums of
    /// those as keys become objects, sorted by key, so that equal values give equal bytes. Numbers
    /// that are NaN or infinite, and whole numbers beyond 64 bits with sign, are errors: JSON
    /// would lose them.
    public init(encoding value: some Encodable) throws(JSONEncodingError) {
        let encoder = ValueEncoder(parent: nil, key: nil)
        do {
            self = try encoder.value(of: value, key: nil)
        } catch let error as JSONEncodingError {
            throw error
        } catch let error as EncodingError {
            guard case .invalidValue(_, let context) = error else {
                throw JSONEncodingError(path: [], message: "\(error)")
            }
            throw JSONEncodingError(
                path: context.codingPath.map(\.jsonName), message: context.debugDescription)
        } catch {
            throw JSONEncodingError(path: [], message: "\(error)")
        }
    }
}

/// Where one value writes itself. Nested containers and `superEncoder` hand out further ones, which
/// may be written to until the whole is finished; only then they are put in their places.
final class ValueEncoder: Encoder {
    private enum Kind { case nothing, single, object, array }

    private let parent: ValueEncoder?
    private let key: (any CodingKey)?
    private var kind = Kind.nothing
    private var single = JSONValue.null
    private var members = JSONMembers()
    private(set) var elements: [JSONValue] = []
    /// Where the values of encoders that were handed out belong.
    private var pending: [(position: Int, encoder: ValueEncoder)] = []

    init(parent: ValueEncoder?, key: (any CodingKey)?) {
        self.parent = parent
        self.key = key
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    var codingPath: [any CodingKey] {
        (parent?.codingPath ?? []) + (key.map { [$0] } ?? [])
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        kind = .object
        return KeyedEncodingContainer(KeyedWriter(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        kind = .array
        return UnkeyedWriter(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleWriter(encoder: self) }

    func set(_ value: JSONValue) {
        kind = .single
        single = value
    }

    func set(_ value: JSONValue, forKey key: String) { _ = members.set(key, value) }

    func append(_ value: JSONValue) { elements.append(value) }

    func child(forKey key: any CodingKey) -> ValueEncoder {
        let child = ValueEncoder(parent: self, key: key)
        pending.append((members.set(key.stringValue, .null), child))
        return child
    }

    func nextChild() -> ValueEncoder {
        let child = ValueEncoder(parent: self, key: JSONIndex(elements.count))
        pending.append((elements.count, child))
        elements.append(.null)
        return child
    }

    func finish() -> JSONValue {
        for (position, encoder) in pending {
            let value = encoder.finish()
            if kind == .object {
                members.replace(at: position, with: value)
            } else if elements.indices.contains(position) {
                elements[position] = value
            }
        }
        pending = []
        // A type that writes nothing at all has no members, like a structure without properties.
        return switch kind {
        case .single: single
        case .array: .array(elements)
        case .object, .nothing: .object(members.members)
        }
    }

    /// The JSON of a value at a key below this encoder.
    func value<T: Encodable>(of value: T, key: (any CodingKey)?) throws -> JSONValue {
        if let plain = try plainValue(of: value, key: key) { return plain }
        if let dictionary = value as? any JSONDictionary, let entries = dictionary.jsonEntries {
            let level = key.map { ValueEncoder(parent: self, key: $0) } ?? self
            var members: [JSONValue.Member] = []
            members.reserveCapacity(entries.count)
            for entry in entries {
                let key = JSONKey(entry.key)
                members.append(.init(entry.key, try level.value(of: entry.value, key: key)))
            }
            return .object(members)
        }
        let encoder = ValueEncoder(parent: self, key: key)
        try value.encode(to: encoder)
        return encoder.finish()
    }

    /// What needs no further encoder.
    private func plainValue<T: Encodable>(
        of value: T, key: (any CodingKey)?
    ) throws -> JSONValue? {
        let type = T.self
        if type == String.self, let value = value as? String { return .string(value) }
        if type == Int.self, let value = value as? Int { return .integer(Int64(value)) }
        if type == Double.self, let value = value as? Double { return try number(value, key) }
        if type == Bool.self, let value = value as? Bool { return .bool(value) }
        if type == JSONValue.self, let value = value as? JSONValue { return value }
        if type == [String].self, let value = value as? [String] {
            return .array(value.map { .string($0) })
        }
        if type == [Double].self, let value = value as? [Double] {
            let level = key.map { ValueEncoder(parent: self, key: $0) } ?? self
            var elements: [JSONValue] = []
            elements.reserveCapacity(value.count)
            for (index, element) in value.enumerated() {
                elements.append(try level.number(element, JSONIndex(index)))
            }
            return .array(elements)
        }
        return nil
    }

    func number(_ value: Double, _ key: (any CodingKey)?) throws -> JSONValue {
        guard value.isFinite else { throw refuse("\(value) is no JSON number", key) }
        return .number(value)
    }

    /// The shortest digits of a `Float`, not those of the `Double` nearest to it.
    func number(_ value: Float, _ key: (any CodingKey)?) throws -> JSONValue {
        guard value.isFinite, let double = Double(value.description) else {
            throw refuse("\(value) is no JSON number", key)
        }
        return .number(double)
    }

    func integer(_ value: some FixedWidthInteger, _ key: (any CodingKey)?) throws -> JSONValue {
        guard let small = Int64(exactly: value) else {
            throw refuse("\(value) does not fit 64 bits with sign; write it as a text", key)
        }
        return .integer(small)
    }

    private func refuse(_ message: String, _ key: (any CodingKey)?) -> JSONEncodingError {
        JSONEncodingError(
            path: (codingPath + (key.map { [$0] } ?? [])).map(\.jsonName), message: message)
    }
}

/// The key of an entry of a dictionary, or any other text.
struct JSONKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ text: String) { stringValue = text }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// The place of an element of a list.
struct JSONIndex: CodingKey {
    let index: Int
    var stringValue: String { String(index) }
    var intValue: Int? { index }

    init(_ index: Int) { self.index = index }
    init?(stringValue: String) { nil }
    init(intValue: Int) { index = intValue }
}
