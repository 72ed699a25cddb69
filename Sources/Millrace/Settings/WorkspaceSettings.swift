/// `millrace.json`, whole: what this installation does.
public struct WorkspaceSettings: PluginSettings {
    public var pipelines: [String: Pipeline] = [:]
    public var datasets: [String: DatasetSettings] = [:]
    public var runtime = RuntimeSettings()
    public var watch = WatchSettings()
    /// Each plugin's own section, checked against what the plugin declares.
    public var plugins: [String: JSONValue] = [:]

    public init() {}

    public static let help = [
        "pipelines": "what is trained from which dataset, and what it must pass to go live",
        "datasets": "how the drops of a dataset are read",
        "runtime": "limits of the engine",
        "watch": "what is taken from the workspace, and when",
        "plugins": "a section for each plugin, under its name",
    ]

    public mutating func validate(into issues: inout SettingsIssues) {
        for name in pipelines.keys.sorted() + datasets.keys.sorted() where !isValidName(name) {
            issues.add(
                at: [pipelines[name] == nil ? "datasets" : "pipelines", name],
                "a name has letters, digits, '-' and '_' only, and at most 64 of them")
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

    public init() {}
}

/// Limits of the engine.
public struct RuntimeSettings: PluginSettings {
    /// Reactions that run at the same time.
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

    public mutating func validate(into issues: inout SettingsIssues) {
        if !(1...256).contains(concurrency) {
            issues.add(at: ["concurrency"], "from 1 to 256")
        }
        if !(1...100).contains(attempts) { issues.add(at: ["attempts"], "from 1 to 100") }
        if !(1...10_000).contains(chainDepth) {
            issues.add(at: ["chainDepth"], "from 1 to 10000")
        }
        if !(0...1024).contains(trainingThreads) {
            issues.add(at: ["trainingThreads"], "from 0 to 1024")
        }
    }
}

/// What is taken from the workspace.
public struct WatchSettings: PluginSettings {
    /// Names that are not inputs, as patterns with `*` and `?`, beside those of known tools.
    public var ignore: [String] = []
    /// A larger file is refused.
    public var fileSizeLimit = 64 << 30
    /// How often a part is looked at that the kernel cannot watch.
    public var scanInterval = TimeSpan.seconds(1)

    public init() {}

    public mutating func validate(into issues: inout SettingsIssues) {
        if fileSizeLimit < 1 { issues.add(at: ["fileSizeLimit"], "at least 1 byte") }
        if scanInterval.milliseconds < 100 {
            issues.add(at: ["scanInterval"], "at least 100ms")
        }
    }
}
