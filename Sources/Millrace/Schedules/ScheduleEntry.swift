/// One entry of the schedule: when, and what then.
public struct ScheduleEntry: PluginSettings, Hashable {
    /// What becomes of a time that went by while the daemon was down, or the clock was set forward.
    public enum Missed: String, Codable, Sendable, CaseIterable {
        /// One event for all that was missed.
        case once
        /// None; less than a minute late is not missed.
        case skip
    }

    /// A cron expression of five fields; empty with `every`.
    public var cron = ""
    /// The place whose clock `cron` goes by: a name such as `Europe/Berlin`, `UTC`, or `+02:00`.
    public var zone = "UTC"
    /// A fixed distance, counted from midnight UTC: `15m` is on the quarter hours. Zero with `cron`.
    public var every = TimeSpan.zero
    public var missed = Missed.once
    /// The pipeline that is asked to train; empty for the event alone.
    public var retrain = ""

    public init() {}

    public static let help = [
        "cron": "when: minute, hour, day, month, weekday, such as \"30 2 * * mon-fri\"",
        "zone": "the clock that 'cron' goes by: \"Europe/Berlin\", \"UTC\", \"+02:00\"",
        "every": "a fixed distance instead of 'cron': \"15m\", \"6h\"",
        "missed": "what went by while the daemon was down: once for all of it, or skip",
        "retrain": "the pipeline that is asked to train; without it there is just the event",
    ]

    public func validate(into issues: inout SettingsIssues) {
        if (every == .zero) == cron.isEmpty {
            issues.add(
                at: [],
                cron.isEmpty
                    ? "expected either 'cron' or 'every' (\"1s\" or longer), found none"
                    : "expected either 'cron' or 'every', found both")
            return
        }
        if cron.isEmpty {
            issues.require(
                every.milliseconds >= 1000 && every.milliseconds <= 366 * 86_400_000, "every",
                "from \"1s\" to \"366d\"")
            issues.require(zone == "UTC", "zone", "no zone: 'every' goes by UTC")
            return
        }
        do throws(CronExpression.Problem) {
            _ = try CronExpression(parsing: cron)
        } catch {
            issues.add(at: ["cron"], error.message)
        }
        issues.require(
            TimeZoneRules.fixed(parsing: zone) != nil || TimeZoneRules.isName(zone), "zone",
            TimeZoneRules.expected)
    }

    /// When it is due. Nil for an entry that is not valid.
    ///
    /// - Parameter rules: finds the clock of a place.
    package func times<E: Error>(
        _ rules: (String) throws(E) -> TimeZoneRules
    ) throws(E) -> DueTimes? {
        if cron.isEmpty { return .every(every) }
        let clock: TimeZoneRules
        if let fixed = TimeZoneRules.fixed(parsing: zone) {
            clock = fixed
        } else {
            clock = try rules(zone)
        }
        guard let expression = try? CronExpression(parsing: cron) else { return nil }
        return .cron(expression, clock)
    }
}
