/// A cron expression: minute, hour, day of the month, month, day of the week, as in crontab(5).
///
/// Each field is `*`, a number, a range `1-5`, a list `1,3-5`, and any of them with a step (`*/15`,
/// `8-18/2`). Months and days of the week have English names too (`jan`, `mon`); Sunday is 0 and 7. When
/// both days are restricted, one of them is enough. `@hourly`, `@daily`, `@weekly`, `@monthly` and
/// `@yearly` stand for the usual expressions.
package struct CronExpression: Hashable, Sendable {
    /// A bit for each value that matches.
    let hours: UInt64
    let days: UInt64
    let months: UInt64
    let weekdays: UInt64
    /// The minutes of a day that match, in order.
    let minutesOfDay: [Int64]
    /// The field began with a star: it restricts nothing by itself.
    private let anyDay: Bool
    private let anyWeekday: Bool

    package struct Problem: Error, Equatable, Sendable {
        package let message: String
    }

    private static let macros = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    ]

    package init(parsing text: String) throws(Problem) {
        guard text.utf8.count <= 256 else {
            throw Problem(message: "a cron expression has at most 256 bytes")
        }
        let expression = CronExpression.macros[text.lowercased()] ?? text
        if expression.hasPrefix("@") {
            throw Problem(
                message: "'\(text)' is not known; there are "
                    + CronExpression.macros.keys.sorted().joined(separator: ", "))
        }
        let fields = expression.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count == 5 else {
            throw Problem(
                message: "a cron expression has 5 fields (minute, hour, day, month, weekday), "
                    + "'\(text)' has \(fields.count)")
        }
        let minutes = try CronField.minute.bits(fields[0])
        let hours = try CronField.hour.bits(fields[1])
        self.hours = hours
        var list: [Int64] = []
        for minute: UInt64 in 0..<1440 {
            let isHour = hours & (1 << (minute / 60)) != 0
            if isHour, minutes & (1 << (minute % 60)) != 0 { list.append(Int64(minute)) }
        }
        minutesOfDay = list
        days = try CronField.day.bits(fields[2])
        months = try CronField.month.bits(fields[3])
        // Sunday is 0 and 7.
        let found = try CronField.weekday.bits(fields[4])
        weekdays = (found | found >> 7) & 0x7F
        anyDay = fields[2].hasPrefix("*")
        anyWeekday = fields[4].hasPrefix("*")
        guard isEverDue else {
            throw Problem(message: "'\(text)' is never due: no such day exists")
        }
    }

    /// Each hour of the day: then it goes by the hours that pass, not by those that the clock shows.
    var isEveryHour: Bool { hours == 0xFF_FFFF }

    private func has(_ bits: UInt64, _ value: Int64) -> Bool {
        (0..<64).contains(value) && bits & (1 << UInt64(value)) != 0
    }

    /// - Parameter day: days since 1970-01-01, a Thursday.
    func matches(day: Int64) -> Bool {
        let (_, month, dayOfMonth) = Timestamp.civil(daysSince1970: day)
        guard has(months, month) else { return false }
        let isDay = has(days, dayOfMonth)
        let isWeekday = has(weekdays, ((day + 4) % 7 + 7) % 7)
        return anyDay || anyWeekday ? isDay && isWeekday : isDay || isWeekday
    }

    private var isEverDue: Bool {
        if !anyDay, !anyWeekday { return true }
        return (1...12).contains { month in
            // 2000 had a 29th of February.
            has(months, month)
                && (1...Timestamp.days(inMonth: month, of: 2000)).contains { has(days, $0) }
        }
    }
}

/// One field of a cron expression.
private struct CronField {
    let name: String
    let range: ClosedRange<UInt64>
    var names: [String] = []

    static let minute = CronField(name: "minute", range: 0...59)
    static let hour = CronField(name: "hour", range: 0...23)
    static let day = CronField(name: "day", range: 1...31)
    static let month = CronField(
        name: "month", range: 1...12,
        names: [
            "", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ])
    static let weekday = CronField(
        name: "weekday", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    func bits(_ text: Substring) throws(CronExpression.Problem) -> UInt64 {
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            guard let head = pieces.first, pieces.count <= 2 else { throw problem(part) }
            var values = try values(head, part)
            if pieces.count == 2 {
                guard let step = number(pieces[1]), step >= 1, step <= 60 else {
                    throw problem(part)
                }
                // `5/15` begins at 5 and goes on to the end.
                if !head.contains("-"), head != "*" {
                    values = values.lowerBound...range.upperBound
                }
                for value in values where (value - values.lowerBound) % step == 0 {
                    bits |= 1 << value
                }
            } else {
                for value in values { bits |= 1 << value }
            }
        }
        return bits
    }

    private func values(
        _ text: Substring, _ part: Substring
    ) throws(CronExpression.Problem) -> ClosedRange<UInt64> {
        if text == "*" { return range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = ends.first.flatMap({ value($0) }), ends.count <= 2 else {
            throw problem(part)
        }
        guard ends.count == 2 else { return first...first }
        guard let last = value(ends[1]), first <= last else { throw problem(part) }
        return first...last
    }

    private func value(_ text: Substring) -> UInt64? {
        if let index = names.firstIndex(of: text.lowercased()), !text.isEmpty {
            return UInt64(index)
        }
        return number(text).flatMap { range.contains($0) ? $0 : nil }
    }

    private func number(_ text: Substring) -> UInt64? {
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return UInt64(text)
    }

    private func problem(_ part: Substring) -> CronExpression.Problem {
        let named = names.isEmpty ? "" : ", or names such as \(names[names.count - 1])"
        return CronExpression.Problem(
            message: "the field \(name) takes numbers from \(range.lowerBound) to "
                + "\(range.upperBound)\(named), with ',', '-' and '/'; found '\(part)'")
    }
}
