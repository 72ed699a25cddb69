/// An option of a command, and the key to its value: `input[option]` has the option's own type.
///
/// Options that many commands share are constants, listed in each command that takes them.
package struct Option<Value: Sendable>: CommandOption {
    package let declaration: OptionDeclaration
    /// The value from everything that was given for this option, in order.
    let resolve: @Sendable ([any Sendable]) -> Value

    /// The same option under a heading of its own in help pages.
    package func grouped(_ heading: String) -> Option {
        var declaration = declaration
        declaration.heading = heading
        return Option(declaration: declaration, resolve: resolve)
    }
}

/// An option of any type, as lists of options hold it.
package protocol CommandOption: Sendable {
    var declaration: OptionDeclaration { get }
}

/// What parser, help pages and completion need to know of an option.
package struct OptionDeclaration: Sendable {
    /// Whether a value follows.
    enum Arity: Sendable {
        case flag
        /// `--name value` or `--name=value`.
        case value
        /// `--name` or `--name=value`: a value must be attached.
        case optionalValue(implied: any Sendable)
    }

    /// The long name, without dashes.
    package let name: String
    package let short: Character?
    package let help: String
    let arity: Arity
    let mayRepeat: Bool
    let placeholder: String
    let expectation: String
    let candidates: Candidates
    /// The default as it is shown in help pages.
    let defaultText: String?
    let parse: @Sendable (RawArgument) -> (any Sendable)?
    package var heading = "Options"

    /// `-w, --workspace DIR`, as help pages show it.
    var usage: String {
        let dashed = (short.map { "-\($0), " } ?? "    ") + "--" + name
        switch arity {
        case .flag: return dashed
        case .value: return dashed + " " + placeholder
        case .optionalValue: return dashed + "[=" + placeholder + "]"
        }
    }
}

extension Option where Value == Bool {
    /// On when it is given.
    package static func flag(_ name: String, short: Character? = nil, help: String) -> Option {
        Option(
            declaration: OptionDeclaration(
                name: name, short: short, help: help, arity: .flag, mayRepeat: true,
                placeholder: "", expectation: "no value", candidates: .nothing, defaultText: nil,
                parse: { _ in nil }),
            resolve: { !$0.isEmpty })
    }
}

extension Option where Value == Int {
    /// How many times it is given: `-vv`.
    package static func counter(_ name: String, short: Character? = nil, help: String) -> Option {
        Option(
            declaration: OptionDeclaration(
                name: name, short: short, help: help, arity: .flag, mayRepeat: true,
                placeholder: "", expectation: "no value", candidates: .nothing, defaultText: nil,
                parse: { _ in nil }),
            resolve: \.count)
    }
}

extension Option {
    /// Nil unless it is given.
    package static func value<T: Sendable>(
        _ name: String, short: Character? = nil, _ type: ValueType<T>, help: String
    ) -> Option where Value == T? {
        Option(
            declaration: .taking(type, name, short, help, .value, mayRepeat: false, default: nil),
            resolve: { $0.last as? T })
    }

    /// `default` unless it is given.
    package static func value(
        _ name: String, short: Character? = nil, _ type: ValueType<Value>,
        default fallback: Value, help: String
    ) -> Option {
        Option(
            declaration: .taking(
                type, name, short, help, .value, mayRepeat: false,
                default: type.describe(fallback)),
            resolve: { $0.last as? Value ?? fallback })
    }

    /// Every value given, in order; may be given any number of times.
    package static func repeated<T: Sendable>(
        _ name: String, short: Character? = nil, _ type: ValueType<T>, help: String
    ) -> Option where Value == [T] {
        Option(
            declaration: .taking(type, name, short, help, .value, mayRepeat: true, default: nil),
            resolve: { $0.compactMap { $0 as? T } })
    }

    /// Nil unless it is given; `implied` when it is given without a value.
    package static func optionalValue<T: Sendable>(
        _ name: String, short: Character? = nil, _ type: ValueType<T>, implied: T, help: String
    ) -> Option where Value == T? {
        Option(
            declaration: .taking(
                type, name, short, help, .optionalValue(implied: implied), mayRepeat: false,
                default: nil),
            resolve: { $0.last as? T })
    }
}

extension OptionDeclaration {
    fileprivate static func taking<T>(
        _ type: ValueType<T>, _ name: String, _ short: Character?, _ help: String, _ arity: Arity,
        mayRepeat: Bool, default defaultText: String?
    ) -> OptionDeclaration {
        OptionDeclaration(
            name: name, short: short, help: help, arity: arity, mayRepeat: mayRepeat,
            placeholder: type.placeholder, expectation: type.expectation,
            candidates: type.candidates, defaultText: defaultText, parse: { type.parse($0) })
    }
}
