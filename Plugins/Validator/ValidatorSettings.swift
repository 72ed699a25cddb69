public import Millrace

/// What is the same for all datasets; what a single one must look like is in its contract.
public struct ValidatorSettings: PluginSettings {
    /// A file whose bytes the dataset already has under another name would count its rows twice.
    public var acceptDuplicates = false
    /// For each broken rule, in the report of a rejected drop.
    public var reportedRows = 20

    public init() {}

    public static let help = [
        "acceptDuplicates":
            "take a file whose bytes the dataset already has under another name, so that its rows "
            + "count twice",
        "reportedRows": "how many rows a report shows for each broken rule, 1 to 1000",
    ]

    public mutating func validate(into issues: inout SettingsIssues) {
        issues.require(
            (1...1000).contains(reportedRows), "reportedRows", "a number from 1 to 1000")
    }
}
