/// Settings with defaults: `init()` gives the defaults, and what the settings file says is laid over
/// them.
public protocol PluginSettings: Codable, Sendable, Equatable {
    init()

    /// Says what each key means, for `millrace plugin show`.
    static var help: [String: String] { get }

    /// Reports values that have the right type and make no sense.
    mutating func validate(into issues: inout SettingsIssues)
}

extension PluginSettings {
    public static var help: [String: String] { [:] }
    public mutating func validate(into issues: inout SettingsIssues) {}
}

/// Collects what is wrong with a value: where below it, and what was expected.
public struct SettingsIssues: Sendable {
    public private(set) var list: [(path: [String], message: String)] = []

    public init() {}

    public mutating func add(at path: [String], _ message: String) { list.append((path, message)) }
}
