/// A word of a command that is recognised by its place, and the key to its value.
package struct Argument<Value: Sendable>: CommandArgument {
    package let declaration: ArgumentDeclaration
    let resolve: @Sendable ([any Sendable]) -> Value?
}

/// An argument of any type, as lists of arguments hold it.
package protocol CommandArgument: Sendable {
    var declaration: ArgumentDeclaration { get }
}

/// What parser, help pages and completion need to know of an argument.
package struct ArgumentDeclaration: Sendable {
    enum Count: Sendable {
        case one
        case atMostOne
        case any
        case atLeastOne
    }

    /// The name in help pages, in capitals: `MODEL`.
    package let name: String
    package let help: String
    let count: Count
    let expectation: String
    let candidates: Candidates
    let defaultText: String?
    let parse: @Sendable (RawArgument) -> (any Sendable)?

    var takesMany: Bool { count == .any || count == .atLeastOne }
    var isRequired: Bool { count == .one || count == .atLeastOne }

    /// `MODEL`, `[DIR]`, `[PATH...]`, as the usage line shows it.
    var usage: String {
        switch count {
        case .one: name
        case .atMostOne: "[" + name + "]"
        case .any: "[" + name + "...]"
        case .atLeastOne: name + "..."
        }
    }
}

extension Argument {
    /// Must be given.
    package static func required(
        _ name: String, _ type: ValueType<Value>, help: String
    ) -> Argument {
        Argument(
            declaration: .taking(type, name, help, .one, default: nil),
            resolve: { $0.first as? Value })
    }

    /// Nil unless it is given.
    package static func optional<T: Sendable>(
        _ name: String, _ type: ValueType<T>, help: String
    ) -> Argument where Value == T? {
        Argument(
            declaration: .taking(type, name, help, .atMostOne, default: nil),
            resolve: { .some($0.first as? T) })
    }

    /// `default` unless it is given.
    package static func optional(
        _ name: String, _ type: ValueType<Value>, default fallback: Value, help: String
    ) -> Argument {
        Argument(
            declaration: .taking(type, name, help, .atMostOne, default: type.describe(fallback)),
            resolve: { $0.first as? Value ?? fallback })
    }

    /// Everything that is left, in order.
    package static func rest<T: Sendable>(
        _ name: String, _ type: ValueType<T>, atLeastOne: Bool = false, help: String
    ) -> Argument where Value == [T] {
        Argument(
            declaration: .taking(type, name, help, atLeastOne ? .atLeastOne : .any, default: nil),
            resolve: { $0.compactMap { $0 as? T } })
    }
}

extension ArgumentDeclaration {
    fileprivate static func taking<T>(
        _ type: ValueType<T>, _ name: String, _ help: String, _ count: Count,
        default defaultText: String?
    ) -> ArgumentDeclaration {
        ArgumentDeclaration(
            name: name, help: help, count: count, expectation: type.expectation,
            candidates: type.candidates, defaultText: defaultText, parse: { type.parse($0) })
    }
}
