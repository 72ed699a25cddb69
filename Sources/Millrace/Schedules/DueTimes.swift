/// The moments at which an entry of the schedule is due: the same for everybody who asks, whatever the
/// clock did meanwhile.
package enum DueTimes: Hashable, Sendable {
    /// Counted from 1970-01-01T00:00Z: `1h` is on the hour of UTC.
    case every(TimeSpan)
    case cron(CronExpression, TimeZoneRules)

    /// Once a day.
    static func daily(at minute: Int64, _ zone: TimeZoneRules) -> DueTimes? {
        let expression = try? CronExpression(parsing: "\(minute % 60) \(minute / 60) * * *")
        return expression.map { .cron($0, zone) }
    }

    /// The first moment after another; nil when there is none within 41 years, the longest wait for a day of a month that is a given day of the week.
    package func next(after moment: Timestamp) -> Timestamp? {
        switch self {
        case .every(let span):
            return DueTimes.multiple(of: span, at: moment).flatMap {
                $0.advanced(by: span.milliseconds)
            }
        case .cron(let cron, let zone):
            let second = DueTimes.floor(moment.microseconds, 1_000_000)
            return DueTimes.search(near: second, zone, step: 1) { day in
                cron.instants(on: day, in: zone).first { $0 > second }
            } pick: {
                min($0, $1)
            }
        }
    }

    /// The last moment that is not after another; nil when there is none within 41 years, the longest wait for a day of a month that is a given day of the week.
    package func last(through moment: Timestamp) -> Timestamp? {
        switch self {
        case .every(let span): return DueTimes.multiple(of: span, at: moment)
        case .cron(let cron, let zone):
            let second = DueTimes.floor(moment.microseconds, 1_000_000)
            return DueTimes.search(near: second, zone, step: -1) { day in
                cron.instants(on: day, in: zone).last { $0 <= second }
            } pick: {
                max($0, $1)
            }
        }
    }

    private static func multiple(of span: TimeSpan, at moment: Timestamp) -> Timestamp? {
        guard span.milliseconds > 0 else { return nil }
        let step = floor(floor(moment.microseconds, 1000), span.milliseconds)
        return Timestamp(microseconds: step * span.milliseconds * 1000)
    }

    private static func floor(_ a: Int64, _ b: Int64) -> Int64 {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Looks at one local day after the other. The moments of neighbouring days may overlap where a
    /// clock is set back over midnight, so one day more is looked at.
    private static func search(
        near second: Int64, _ zone: TimeZoneRules, step: Int64,
        _ found: (Int64) -> Int64?, pick: (Int64, Int64) -> Int64
    ) -> Timestamp? {
        let today = floor(second + zone.offset(at: second), 86_400)
        let near = 4 * 86_400
        let isSteady =
            zone.stretches(from: second - Int64(near), through: second + Int64(near)).count == 1
        var best: Int64?
        for distance in Int64(isSteady ? 0 : -2)..<(41 * 366) {
            let candidate = found(today + step * distance)
            if let known = best {
                return Timestamp(
                    microseconds: (candidate.map { pick($0, known) } ?? known) * 1_000_000)
            }
            if isSteady, distance <= 1, let candidate {
                return Timestamp(microseconds: candidate * 1_000_000)
            }
            best = candidate
        }
        return best.map { Timestamp(microseconds: $0 * 1_000_000) }
    }
}

extension Timestamp {
    fileprivate func advanced(by milliseconds: Int64) -> Timestamp? {
        let (sum, overflow) = microseconds.addingReportingOverflow(milliseconds * 1000)
        return overflow ? nil : Timestamp(microseconds: sum)
    }
}

extension CronExpression {
    /// The moments of a local day, in order, in seconds since 1970.
    ///
    /// A local time that is left out when the clock is set forward stands for the moment of the change;
    /// one that comes twice counts the first time. An expression for every hour goes by the hours that
    /// pass: it counts both, and nothing is made up for the hour that did not exist.
    func instants(on day: Int64, in zone: TimeZoneRules) -> [Int64] {
        guard matches(day: day) else { return [] }
        let midnight = day * 86_400
        // No offset is larger than 26 hours.
        let stretches = zone.stretches(from: midnight - 93_600, through: midnight + 180_000)
        if stretches.count == 1 {
            return minutesOfDay.map { midnight + $0 * 60 - stretches[0].offset }
        }
        var found: Set<Int64> = []
        for minute in minutesOfDay {
            let local = midnight + minute * 60
            var moments: [Int64] = []
            for (index, stretch) in stretches.enumerated() {
                let moment = local - stretch.offset
                let end = index + 1 < stretches.count ? stretches[index + 1].start : .max
                if moment < end, moment >= stretch.start || index == 0 { moments.append(moment) }
            }
            if isEveryHour {
                found.formUnion(moments)
            } else if let first = moments.min() {
                found.insert(first)
            } else if let change = gap(at: local, stretches) {
                found.insert(change)
            }
        }
        return found.sorted()
    }

    /// The change of the clock that left out a local time.
    private func gap(
        at local: Int64, _ stretches: [(start: Int64, offset: Int64)]
    ) -> Int64? {
        zip(stretches, stretches.dropFirst()).first { before, after in
            local - before.offset >= after.start && local - after.offset < after.start
        }?.1.start
    }
}
