/// Hours of each day in which no training is asked for: somebody else needs the machine.
public struct QuietHours: PluginSettings, Hashable {
    /// The first moment of them, as `22:00`; empty for none.
    public var from = ""
    /// The first moment after them, as `06:00`; before `from` it is one of the next day.
    public var to = ""
    /// Whose clock: `UTC`, or an offset such as `+02:00`.
    public var zone = "UTC"

    public init() {}

    public static let help = [
        "from": "when they begin, as \"22:00\"; empty for none",
        "to": "when they end, as \"06:00\", on the next day where that is earlier",
        "zone": "whose clock: \"UTC\", or an offset such as \"+02:00\"",
    ]

    public func validate(into issues: inout SettingsIssues) {
        if from.isEmpty, to.isEmpty { return }
        let form = "a time of the day, from \"00:00\" to \"23:59\""
        issues.require(QuietHours.minutes(from) != nil, "from", form)
        issues.require(QuietHours.minutes(to) != nil && to != from, "to", form + ", not 'from'")
        issues.require(
            TimeZoneRules.fixed(parsing: zone) != nil, "zone",
            "\"UTC\" or an offset such as \"+02:00\"; names of places are for 'schedule'")
    }

    /// The end of the quiet hours that a moment lies in; nil when it lies in none.
    public func end(around moment: Timestamp) -> Timestamp? {
        guard let from = QuietHours.minutes(from), let to = QuietHours.minutes(to),
            let offset = TimeZoneRules.fixed(parsing: zone)?.offset(at: 0)
        else { return nil }
        let day: Int64 = 86_400
        let seconds = moment.microseconds / 1_000_000 + offset
        let second = ((seconds % day) + day) % day
        let length = ((to - from) * 60 + day) % day
        let since = (second - from * 60 + day) % day
        guard since < length else { return nil }
        return Timestamp(microseconds: (seconds - offset - since + length) * 1_000_000)
    }

    private static func minutes(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }
            ),
            let hours = UInt8(parts[0]), let minutes = UInt8(parts[1]), hours < 24, minutes < 60
        else { return nil }
        return Int64(hours) * 60 + Int64(minutes)
    }
}
