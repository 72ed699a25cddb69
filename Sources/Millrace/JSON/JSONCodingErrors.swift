/// A value that cannot be made from some JSON: where, what was expected, and what was found.
public struct JSONDecodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The keys and indices that lead to the place; empty for the value as a whole.
    public let path: [String]
    /// In plain words, for example `a whole number from 0 to 255`.
    public let expected: String
    /// In plain words, for example `a text "abc"`; `nothing` for a key that is not there.
    public let found: String

    public init(path: [String], expected: String, found: String) {
        self.path = path
        self.expected = expected
        self.found = found
    }

    public var description: String {
        let problem = "expected \(expected), found \(found)"
        return path.isEmpty ? problem : "\(printable(path)): \(problem)"
    }
}

/// A value that JSON cannot hold, for example an infinite number.
public struct JSONEncodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The keys and indices that lead to the value.
    public let path: [String]
    public let message: String

    public init(path: [String], message: String) {
        self.path = path
        self.message = message
    }

    public var description: String {
        path.isEmpty ? message : "\(printable(path)): \(message)"
    }
}

extension JSONDecodingError {
    /// Any error that an `init(from:)` threw, said in our words.
    init(_ error: any Error, path: [String], value: JSONValue?) {
        if let error = error as? JSONDecodingError {
            self = error
            return
        }
        let found = describeJSON(value)
        guard let error = error as? DecodingError else {
            self.init(path: path, expected: "a valid value (\(error))", found: found)
            return
        }
        // A path that an author left empty is the place where they threw.
        func place(_ context: DecodingError.Context) -> [String] {
            context.codingPath.isEmpty ? path : context.codingPath.map(\.jsonName)
        }
        switch error {
        case .keyNotFound(let key, let context):
            self.init(
                path: place(context) + [key.jsonName], expected: anything, found: "nothing")
        case .valueNotFound(let type, let context):
            self.init(path: place(context), expected: expectation(type), found: "nothing")
        case .typeMismatch(let type, let context):
            self.init(
                path: place(context),
                expected: expectation(type, otherwise: context.debugDescription), found: found)
        case .dataCorrupted(let context):
            self.init(
                path: place(context), expected: expectation(context.debugDescription),
                found: found)
        @unknown default:
            self.init(path: path, expected: "a valid value (\(error))", found: found)
        }
    }
}

/// What an author wrote as the reason: by convention "expected …", otherwise put in brackets.
private func expectation(_ reason: String) -> String {
    let prefix = "expected "
    return reason.hasPrefix(prefix)
        ? String(reason.dropFirst(prefix.count)) : "a valid value (\(reason))"
}

extension CodingKey {
    /// The key as it stands in the JSON; `JSONIndex` gives the position as a text.
    var jsonName: String { stringValue }
}

/// The words for a type, or when there are none, the reason that was given.
private func expectation(_ type: any Any.Type, otherwise reason: String) -> String {
    let words = expectation(type)
    return words == anything ? "a valid value (\(reason))" : words
}

/// A value for a message: kind and, when short, what it is.
func describeJSON(_ value: JSONValue?) -> String {
    switch value {
    case nil: "nothing"
    case .string(let text): "a text \(quoted(text))"
    case .integer(let value): String(value)
    case .number(let value): String(describing: value)
    case .bool(let value): value ? "true" : "false"
    case .array(let elements): elements.isEmpty ? "an empty list" : "a list"
    case .some(let value): value.kindName
    }
}

/// The words for a type about which nothing more is known.
let anything = "a value"

/// The words for what a type wants to be decoded from.
func expectation(_ type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is any JSONList.Type: "a list"
    case is any JSONDictionary.Type: "an object"
    case is any PluginSettings.Type: "an object"
    case let optional as any JSONOptional.Type: expectation(optional.wrappedType)
    case let choices as any CaseIterable.Type:
        listOfChoices(choices).map { "one of \($0)" } ?? anything
    case let raw as any RawRepresentable.Type: rawExpectation(raw)
    default: anything
    }
}

private func rawExpectation<T: RawRepresentable>(_ type: T.Type) -> String {
    expectation(T.RawValue.self)
}

/// The values of an enum with raw values that lists its cases, as they are written in JSON.
func listOfChoices<T: CaseIterable>(_ type: T.Type) -> String? {
    var texts: [String] = []
    for choice in T.allCases {
        guard let raw = (choice as? any RawRepresentable)?.rawValue else { return nil }
        texts.append((raw as? String).map(quoted) ?? "\(raw)")
    }
    return texts.isEmpty ? nil : texts.joined(separator: ", ")
}
