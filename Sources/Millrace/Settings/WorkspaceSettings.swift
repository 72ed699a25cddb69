/// `millrace.json`, whole: what this installation does.
public struct WorkspaceSettings: PluginSettings {
    public var pipelines: [String: Pipeline] = [:]
    public var datasets: [String: DatasetSettings] = [:]
    public var runtime = RuntimeSettings()
    public var watch = WatchSettings()
    public var metrics = MetricsSettings()
    public var retention = RetentionSettings()
    /// What happens at a time, by its name.
    public var schedule: [String: ScheduleEntry] = [:]
    /// Each plugin's own section, checked against what the plugin declares.
    public var plugins: [String: JSONValue] = [:]
    /// Plugins in other languages, by name.
    public var externalPlugins: [String: ExternalPlugin] = [:]

    public init() {}

    public static let help = [
        "pipelines": "what is trained from which dataset, and what it must pass to go live",
        "datasets": "how the drops of a dataset are read",
        "runtime": "limits of the engine",
        "watch": "what is taken from the workspace, and when",
        "metrics": "how the daemon is, as a file for Prometheus",
        "retention": "how long old parts of the journal and bytes that nothing needs stay",
        "schedule": "what happens at a time: cron expressions and intervals, under names",
        "plugins": "a section for each plugin, under its name",
        "externalPlugins": "programs in code/plugins/ that are plugins too, under their names",
    ]

    public func validate(into issues: inout SettingsIssues) {
        let names = "a name of letters, digits, '-' and '_', at most 64"
        for name in pipelines.keys.sorted() {
            issues.require(isValidName(name), at: ["pipelines", name], names)
        }
        if pipelines["plugins"] != nil {
            issues.add(
                at: ["pipelines", "plugins"], "code/plugins/ holds plugins; choose another name")
        }
        for name in externalPlugins.keys.sorted() {
            issues.require(isValidName(name), at: ["externalPlugins", name], names)
        }
        for name in datasets.keys.sorted() {
            issues.require(isValidName(name), at: ["datasets", name], names)
        }
        issues.require(schedule.count <= 1000, "schedule", "at most 1000 entries")
        for (name, entry) in schedule.sorted(by: { $0.key < $1.key }) {
            issues.require(isValidName(name), at: ["schedule", name], names)
            let known = pipelines.keys.sorted().joined(separator: ", ")
            issues.require(
                entry.retrain.isEmpty || pipelines[entry.retrain] != nil,
                at: ["schedule", name, "retrain"],
                known.isEmpty ? "a pipeline, and there is none" : "one of the pipelines \(known)")
        }
    }
}

/// Names become folders and parts of subjects: letters, digits, `-` and `_`, at most 64.
func isValidName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
        && name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
}

/// How the drops of a dataset are read.
public struct DatasetSettings: PluginSettings {
    /// Texts that stand for a missing value.
    public var nulls: [String] = ["", "NA"]
    /// How long a file must be left alone before it is taken.
    public var settle = TimeSpan.zero
    /// What makes several files one drop.
    public var set = SetSettings()

    public init() {}

    public static let help = [
        "nulls": "texts that stand for a missing value",
        "settle": "how long a file must be left alone before it is taken",
        "set": "what makes several files one drop, and so one version of the dataset",
    ]
}

/// What holds the files of a dataset together until all of them are there. They are then one drop:
/// each is checked for itself, and all that are good make one version of the dataset.
public struct SetSettings: PluginSettings, Hashable {
    /// The name of a file, `_SUCCESS` say, that is written last: it completes what was written below
    /// its folder before it. Empty for none.
    public var marker = ""
    /// A set is complete when nothing was written below the dataset's folder for so long.
    public var quiet = TimeSpan.zero

    public init() {}

    public static let help = [
        "marker": "the name of a file that is written last and completes the set, '_SUCCESS' say",
        "quiet": "the set is complete when nothing was written for so long",
    ]

    public func validate(into issues: inout SettingsIssues) {
        issues.require(
            marker.utf8.count <= 255 && !marker.contains("/") && !marker.hasPrefix("."), "marker",
            "a file's name without '/', not hidden: hidden files are not taken in")
        issues.require(
            marker.isEmpty || quiet == .zero, "quiet", "left out when there is a marker")
    }
}

/// Limits of the engine.
public struct RuntimeSettings: PluginSettings {
    /// Reactions of one plugin that run at the same time.
    public var concurrency = 4
    /// How often a reaction is tried before its event becomes a dead letter.
    public var attempts = 5
    /// The wait before the second attempt; it doubles each time.
    public var backoff = TimeSpan(milliseconds: 200)
    /// The longest wait between attempts.
    public var backoffLimit = TimeSpan.seconds(60)
    /// How many causes an event may be away from the drop behind it.
    public var chainDepth = 64
    /// How long SIGTERM waits for reactions that run.
    public var drain = TimeSpan.seconds(10)
    /// Threads that one training may keep busy; 0 for all processors.
    public var trainingThreads = 0

    public init() {}

    public func validate(into issues: inout SettingsIssues) {
        issues.require((1...256).contains(concurrency), "concurrency", "from 1 to 256")
        issues.require((1...100).contains(attempts), "attempts", "from 1 to 100")
        issues.require((1...10_000).contains(chainDepth), "chainDepth", "from 1 to 10000")
        issues.require((0...1024).contains(trainingThreads), "trainingThreads", "from 0 to 1024")
    }
}

/// What is taken from the workspace.
public struct WatchSettings: PluginSettings {
    /// What is no input, as patterns with `*` and `?`: a name anywhere, or with a slash a path
    /// from the workspace on, whose last part may be a pattern. Beside the temporary names.
    public var ignore: [String] = []
    /// Names under which tools write before they rename. A list here takes the place of this one, whose
    /// `.*` are the hidden files.
    public var temporary = WatchSettings.usualTemporaryNames
    /// A larger file is refused.
    public var fileSizeLimit = 64 << 30
    /// How often a part is looked at that the kernel cannot watch.
    public var scanInterval = TimeSpan.seconds(1)
    /// Folders that are looked at so often although the kernel would watch them: on a file system that
    /// tells of no changes and is not known for that.
    public var scanned: [WorkspacePath] = []

    public init() {}

    /// Names under which tools write before they rename, and what Millrace writes beside an input.
    public static let usualTemporaryNames = [
        // Hidden files, rsync's `.name.XXXXXX`, vim's `.name.swp`, Emacs' `.#name`.
        ".*",
        // Editors' copies.
        "*~", "#*#", "4913",
        // Downloads and transfers.
        "*.part", "*.partial", "*.filepart", "*.crdownload", "*.tmp",
        // What Millrace proposes to a person.
        "*.proposed.*",
    ]

    public static let help = [
        "ignore": "names or paths that are no inputs, as patterns with '*' and '?'",
        "temporary": "names that tools write under before they rename; '.*' for hidden files",
        "fileSizeLimit": "a larger file is refused, in bytes",
        "scanInterval": "how often a part is looked at that the kernel cannot watch",
        "scanned": "folders that are looked at so often and not watched: 'data/remote'",
    ]

    public func validate(into issues: inout SettingsIssues) {
        let named = "patterns that are not empty; a path begins with its first folder: 'data/raw/*'"
        issues.require(
            ignore.allSatisfy { !$0.isEmpty && !$0.hasPrefix("/") && !$0.hasSuffix("/") },
            "ignore", named)
        issues.require(
            temporary.allSatisfy { !$0.isEmpty && !$0.contains("/") }, "temporary",
            "patterns for names, without '/'")
        issues.require(fileSizeLimit >= 1, "fileSizeLimit", "at least 1 byte")
        issues.require(scanInterval.milliseconds >= 100, "scanInterval", "at least 100ms")
    }
}
