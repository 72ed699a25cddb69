/// How long what is old stays. Nothing goes unless a time is named.
public struct RetentionSettings: PluginSettings {
    public var journal = JournalRetention()
    public var vault = VaultRetention()

    public init() {}

    public static let help = [
        "journal": "when old segments of the journal move, and where",
        "vault": "how long bytes stay that nothing needs any more",
    ]
}

/// When old segments of the journal move to another directory. They are never deleted.
public struct JournalRetention: PluginSettings, Hashable {
    /// Segments move when all their records are older than this; 0s for never.
    public var keep = TimeSpan.zero
    /// Where they move: an absolute path, best on another disk. Also for `millrace archive`.
    public var archive = ""

    public init() {}

    public static let help = [
        "keep": "segments whose records are all older move to the archive; 0s for never",
        "archive": "the directory that they move to, as an absolute path",
    ]

    public func validate(into issues: inout SettingsIssues) {
        let parts = archive.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPath =
            archive.hasPrefix("/") && archive.utf8.count < 4000 && !archive.utf8.contains(0)
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
        issues.require(
            archive.isEmpty || isPath, "archive",
            "an absolute path without '.', '..' and a '/' at its end")
        if keep > .zero {
            issues.require(!archive.isEmpty, "archive", "a directory when there is 'keep'")
        }
    }
}

/// How long the vault keeps bytes of data and models that nothing needs any more.
public struct VaultRetention: PluginSettings, Hashable {
    /// Bytes go when nothing needed them for so long; 0s: they stay for ever.
    public var keep = TimeSpan.zero

    public init() {}

    public static let help = [
        "keep": "bytes that nothing needed for so long are removed; 0s for never"
    ]
}
