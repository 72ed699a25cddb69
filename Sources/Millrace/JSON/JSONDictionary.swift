/// How dictionaries become objects. The standard library writes those whose keys are not `String`
/// or `Int` as a list of alternating keys and values; a person would not find the way there.
protocol JSONDictionary {
    /// Whether an object can hold it.
    static var isTextKeyed: Bool { get }
    /// Sorted by the bytes of the key; nil when the keys are not texts.
    var jsonEntries: [(key: String, value: any Encodable)]? { get }
    static var valueType: any Any.Type { get }
    /// Nil when the keys are not texts. `decode` is asked for each value; an entry for which it
    /// gives nil is left out.
    static func fromJSON(
        _ members: [JSONValue.Member], path: () -> [String], decode: JSONPartDecoder
    ) throws -> Self?
}

extension Dictionary: JSONDictionary {
    static var isTextKeyed: Bool { textKeys(Key.self) != nil }
    static var valueType: any Any.Type { Value.self }

    var jsonEntries: [(key: String, value: any Encodable)]? {
        guard textKeys(Key.self) != nil, Value.self is any Encodable.Type else { return nil }
        var entries: [(key: String, value: any Encodable)] = []
        entries.reserveCapacity(count)
        for (key, value) in self {
            guard let key = jsonText(of: key), let value = value as? any Encodable else {
                return nil
            }
            entries.append((key, value))
        }
        entries.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return entries
    }

    static func fromJSON(
        _ members: [JSONValue.Member], path: () -> [String], decode: JSONPartDecoder
    ) throws -> Self? {
        guard let keys = textKeys(Key.self), let type = Value.self as? any Decodable.Type else {
            return nil
        }
        var result: Self = [:]
        result.reserveCapacity(members.count)
        for member in members {
            guard let key = keys.make(member.key) as? Key else {
                throw JSONDecodingError(
                    path: path() + [member.key], expected: "a key that is \(keys.expectation)",
                    found: quoted(member.key))
            }
            if let value = try decode(type, member.value, JSONKey(member.key)) as? Value {
                result[key] = value
            }
        }
        return result
    }
}

/// How a key is made from its text.
private struct TextKeys {
    let expectation: String
    let make: (String) -> Any?
}

private func textKeys(_ type: any Any.Type) -> TextKeys? {
    if type == String.self { return TextKeys(expectation: "a text") { $0 } }
    if let type = type as? any FixedWidthInteger.Type {
        return TextKeys(expectation: "a whole number") { integer(type, $0) }
    }
    if let type = type as? any RawRepresentable.Type { return rawKeys(type) }
    return nil
}

private func integer<T: FixedWidthInteger>(_ type: T.Type, _ text: String) -> Any? { T(text) }

private func rawKeys<T: RawRepresentable>(_ type: T.Type) -> TextKeys? {
    guard let raw = textKeys(T.RawValue.self) else { return nil }
    let choices = (type as? any CaseIterable.Type).flatMap { listOfChoices($0) }
    return TextKeys(expectation: choices.map { "one of \($0)" } ?? raw.expectation) { text in
        (raw.make(text) as? T.RawValue).flatMap { T(rawValue: $0) }
    }
}

private func jsonText(of key: Any) -> String? {
    switch key {
    case let text as String: text
    case let number as any FixedWidthInteger: String(describing: number)
    case let raw as any RawRepresentable: jsonText(of: raw.rawValue)
    default: nil
    }
}
