public import Millrace

/// What counts as drift and when to train again is set for each pipeline; here is what they share.
public struct MonitorSettings: PluginSettings {
    /// A measurement without drift is an event in any case; this is about its page in `reports/`.
    public var reportQuiet = true
    /// Columns with a plot in a report; the others are in its table.
    public var plots = 60

    public init() {}

    public static let help = [
        "reportQuiet": "write a report also for a measurement that found no drift",
        "plots": "how many columns of a report get a plot, those that drifted first; 0 to 1000",
    ]

    public mutating func validate(into issues: inout SettingsIssues) {
        issues.require((0...1000).contains(plots), "plots", "a number from 0 to 1000")
    }
}
