/// A plugin that is a program of its own, in any language: an executable file in `code/plugins/`.
///
/// `ExternalProtocol` in the daemon says how it is spoken to.
public struct ExternalPlugin: PluginSettings {
    /// The file's name in `code/plugins/`.
    public var program = ""
    public var arguments: [String] = []
    /// The types of events that it is given.
    public var reactsTo: [String] = []
    /// Only events about this kind of subject, for example `dataset`.
    public var about: String?
    /// The types of events that it may emit. Any other is an error.
    public var emits: [String] = []
    /// One call may stand for all events of a subject that wait: it gets the last.
    public var coalesces = false
    /// How long it may take for one event.
    public var timeout = TimeSpan.seconds(60)
    /// What it is told when it starts; it knows what it means.
    public var settings = JSONValue.object([])

    public init() {}

    public static let help = [
        "program": "the name of an executable file in code/plugins/",
        "arguments": "what it is started with",
        "reactsTo": "the types of events that it is given",
        "about": "only events about this kind of subject, for example dataset",
        "emits": "the types of events that it may emit",
        "coalesces": "one call stands for all events of a subject that wait",
        "timeout": "how long it may take for one event",
        "settings": "what it is told when it starts",
    ]

    /// What only Millrace itself may say has happened.
    private static let reserved = [
        "file", "daemon", "settings", "watch", "command", "plugin", "reaction", "deadletter",
        "chain", "journal", "schedule", "vault",
    ]

    public func validate(into issues: inout SettingsIssues) {
        issues.require(
            ExternalPlugin.isFileName(program), "program",
            "the name of a file in code/plugins/: letters, digits, '.', '-' and '_'")
        issues.require(
            !reactsTo.isEmpty && reactsTo.count <= 256, "reactsTo", "at least one type of event")
        for (index, type) in reactsTo.enumerated() {
            issues.require(
                ExternalPlugin.isType(type), at: ["reactsTo", "\(index)"],
                "a type of event such as \"data.accepted\"")
        }
        for (index, type) in emits.enumerated() {
            issues.require(
                ExternalPlugin.isType(type), at: ["emits", "\(index)"],
                "a type of event such as \"note.taken\"")
            if let first = type.split(separator: ".").first,
                ExternalPlugin.reserved.contains(String(first))
            {
                issues.add(
                    at: ["emits", "\(index)"],
                    "\(first).… says what Millrace itself did; choose another beginning")
            }
        }
        issues.require(timeout > .zero, "timeout", "a time above 0")
        issues.require(arguments.count <= 1024, "arguments", "at most 1024")
    }

    private static func isFileName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { $0 == UInt8(ascii: ".") || isWordByte($0) }
    }

    /// Words of lower-case letters, digits, `-` and `_` with dots between them; at least two.
    private static func isType(_ type: String) -> Bool {
        let words = type.split(separator: ".", omittingEmptySubsequences: false)
        return type.utf8.count <= 128 && words.count >= 2
            && words.allSatisfy { word in
                !word.isEmpty
                    && word.utf8.allSatisfy { isWordByte($0) && !(0x41...0x5A).contains($0) }
            }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }
}
