/// How the daemon is, in the text format of Prometheus, in a file.
public struct MetricsSettings: PluginSettings {
    /// The file: an absolute path, or one below `.millrace/`. Empty for none.
    public var textfile = ".millrace/metrics/millrace.prom"
    /// It is written anew when something has changed, and not more often than this.
    public var interval = TimeSpan.seconds(5)

    public init() {}

    public static let help = [
        "textfile": "the file for node_exporter's textfile collector; empty for none",
        "interval": "the file is written when something has changed, and not more often",
    ]

    public func validate(into issues: inout SettingsIssues) {
        let parts = textfile.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPlace = textfile.hasPrefix("/") || textfile.hasPrefix(".millrace/")
        issues.require(
            textfile.isEmpty
                || isPlace && textfile.hasSuffix(".prom") && textfile.utf8.count < 4000
                    && !textfile.utf8.contains(0)
                    && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." },
            "textfile",
            "a name that ends in .prom, absolute or below .millrace/, or nothing")
        issues.require(interval.milliseconds >= 100, "interval", "at least 100ms")
    }
}
