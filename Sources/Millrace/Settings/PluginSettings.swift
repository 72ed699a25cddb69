/// The settings of a plugin, or of a part of it.
///
/// A plain structure with a default for each property is enough:
///
/// ```swift
/// public struct Settings: PluginSettings {
///     public var command: [String] = []
///     public var retries = 3
///     public init() {}
///
///     public func validate(into issues: inout SettingsIssues) {
///         issues.require(!command.isEmpty, "command", "a program and its arguments")
///     }
///     public static let help = ["retries": "How often a failed command is tried again."]
/// }
/// ```
///
/// The user writes only what differs from `init()`. Properties may be further `PluginSettings`,
/// lists and dictionaries of them (each entry is laid over `init()` of its type), enums with raw
/// values (`CaseIterable`, so that messages can list the choices), optionals, and `JSONValue` for
/// what has no fixed form.
public protocol PluginSettings: Codable, Sendable, Equatable {
    /// The defaults.
    init()

    /// One sentence for each key that needs explaining; shown by `plugin show`.
    static var help: [String: String] { get }

    /// Reports values that have the right type and still make no sense. Nested settings report
    /// their own.
    func validate(into issues: inout SettingsIssues)
}

extension PluginSettings {
    public static var help: [String: String] { [:] }
    public func validate(into issues: inout SettingsIssues) {}
}

/// Something in the settings that the user has to change.
public struct SettingsIssue: Error, Hashable, Sendable, CustomStringConvertible {
    /// The keys (and indices of lists) from the top of the settings file.
    public let path: [String]
    /// What was expected and what was found, or another reason, as one sentence without a full
    /// stop.
    public let message: String
    /// The place in the file: of the key, or of the nearest one around it that is there.
    public let position: SourcePosition?

    public init(path: [String], message: String, position: SourcePosition? = nil) {
        self.path = path
        self.message = message
        self.position = position
    }

    /// For example `line 12: runtime.attempts: expected a whole number, found a text "many"`.
    public var description: String {
        let place = position.map { "line \($0.line): " } ?? ""
        let keys = path.isEmpty ? "" : printable(path) + ": "
        return place + keys + message
    }
}

/// Collects what `PluginSettings.validate(into:)` finds. Paths begin at the structure that is being
/// validated: keys, and indices of lists as texts.
public struct SettingsIssues: Sendable {
    /// What was reported.
    public private(set) var list: [(path: [String], message: String)] = []
    /// What was written, or else the default.
    private let value: @Sendable (_ path: [String]) -> JSONValue?

    /// For a test of one's own `validate`.
    public init() { self.init { _ in nil } }

    init(value: @escaping @Sendable (_ path: [String]) -> JSONValue?) { self.value = value }

    /// Reports the value of a key as impossible unless the condition holds.
    ///
    /// - Parameter expected: what would be possible, for example `a number above 0`.
    public mutating func require(_ condition: Bool, _ key: String, _ expected: String) {
        require(condition, at: [key], expected)
    }

    /// The same for a value deeper down.
    public mutating func require(_ condition: Bool, at path: [String], _ expected: String) {
        if condition { return }
        add(at: path, "expected \(expected), found \(describeJSON(value(path)))")
    }

    /// Reports something in words of one's own; with an empty path, about the structure as a whole.
    public mutating func add(at path: [String], _ message: String) {
        list.append((path, message))
    }
}
