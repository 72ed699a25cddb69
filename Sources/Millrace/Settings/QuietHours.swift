/// Hours of each day in which no training is asked for: somebody else needs the machine.
public struct QuietHours: PluginSettings, Hashable {
    /// The first moment of them, as `22:00`; empty for none.
    public var from = ""
    /// The first moment after them, as `06:00`; before `from` it is one of the next day.
    public var to = ""
    /// The place whose clock counts: a name such as `Europe/Berlin`, `UTC`, or `+02:00`.
    public var zone = "UTC"

    public init() {}

    public static let help = [
        "from": "when they begin, as \"22:00\"; empty for none",
        "to": "when they end, as \"06:00\", on the next day where that is earlier",
        "zone": "the clock that counts: \"Europe/Berlin\", \"UTC\", \"+02:00\"",
    ]

    public func validate(into issues: inout SettingsIssues) {
        if from.isEmpty, to.isEmpty { return }
        let form = "a time of the day, from \"00:00\" to \"23:59\""
        issues.require(QuietHours.minutes(from) != nil, "from", form)
        issues.require(QuietHours.minutes(to) != nil && to != from, "to", form + ", not 'from'")
        issues.require(
            TimeZoneRules.fixed(parsing: zone) != nil || TimeZoneRules.isName(zone), "zone",
            TimeZoneRules.expected)
    }

    /// The end of the quiet hours that a moment lies in; nil when it lies in none.
    ///
    /// A time that the clock leaves out in spring stands for the moment of the change, and one that comes
    /// twice in autumn for the first time, as in the schedule.
    package func end(around moment: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        guard let from = QuietHours.minutes(from), let to = QuietHours.minutes(to),
            let begin = DueTimes.daily(at: from, zone)?.last(through: moment)
        else { return nil }
        // The clock may leave out both: then they begin and end with the change.
        let before = from < to ? begin.advanced(bySeconds: -1) : begin
        guard let end = DueTimes.daily(at: to, zone)?.next(after: before), moment < end else {
            return nil
        }
        return end
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

extension Context {
    /// The end of the quiet hours that this moment lies in; nil when it lies in none.
    ///
    /// - Throws: when the machine does not know the zone.
    public func end(of hours: QuietHours) throws -> Timestamp? {
        if hours.from.isEmpty { return nil }
        if let fixed = TimeZoneRules.fixed(parsing: hours.zone) {
            return hours.end(around: now, in: fixed)
        }
        do {
            let rules = try TimeZoneRules(tzif: try world.timeZone(named: hours.zone))
            return hours.end(around: now, in: rules)
        } catch let error as TimeZoneRules.Malformed {
            throw ReactionError("the time zone '\(hours.zone)' cannot be read: \(error.reason)")
        }
    }
}
