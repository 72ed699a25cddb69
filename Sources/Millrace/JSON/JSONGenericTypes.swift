/// Optionals, lists and dictionaries, recognised whatever they hold.
protocol JSONOptional {
    static var wrappedType: any Any.Type { get }
}

extension Optional: JSONOptional {
    static var wrappedType: any Any.Type { Wrapped.self }
}

protocol JSONList {
    static var elementType: any Any.Type { get }
    /// Nil when the elements cannot be decoded. `decode` is asked for each; an element for which it
    /// gives nil is left out.
    static func fromJSON(_ elements: [JSONValue], decode: JSONPartDecoder) throws -> Self?
}

/// Decodes one element or entry as the given type.
typealias JSONPartDecoder = (any Decodable.Type, JSONValue, any CodingKey) throws -> Any?

extension Array: JSONList {
    static var elementType: any Any.Type { Element.self }

    static func fromJSON(_ elements: [JSONValue], decode: JSONPartDecoder) throws -> Self? {
        guard let type = Element.self as? any Decodable.Type else { return nil }
        var result: Self = []
        for (index, json) in elements.enumerated() {
            if let element = try decode(type, json, JSONIndex(index)) as? Element {
                result.append(element)
            }
        }
        return result
    }
}

extension Set: JSONList {
    static var elementType: any Any.Type { Element.self }

    static func fromJSON(_ elements: [JSONValue], decode: JSONPartDecoder) throws -> Self? {
        try [Element].fromJSON(elements, decode: decode).map { Set($0) }
    }
}
