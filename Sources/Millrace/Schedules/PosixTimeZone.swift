/// The rule for all years to come, as the footer of a TZif file has it: the `TZ` variable of POSIX with
/// the extensions of RFC 9636 (hours from -167 to 167), for example `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixTimeZone: Hashable, Sendable {
    /// Seconds east of UTC.
    let standard: Int64
    /// Nil where the clock is never changed.
    let summer: Summer?

    struct Summer: Hashable, Sendable {
        let offset: Int64
        let start: Change
        let end: Change
    }

    /// A moment of each year, in the local time that ends with it.
    struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// 1 to 365; the 29th of February is never counted.
            case julian(Int64)
            /// 0 to 365.
            case ordinal(Int64)
            /// The nth of a day of the week (0 is Sunday) in a month; the fifth is the last.
            case weekday(month: Int64, nth: Int64, Int64)
        }

        let day: Day
        /// Seconds after midnight; may be on another day.
        let seconds: Int64

        /// Local seconds since 1970.
        func local(in year: Int64) -> Int64 {
            let first = Timestamp.days(year, 1, 1)
            let date: Int64
            switch day {
            case .julian(let number):
                let isLeap = Timestamp.days(inMonth: 2, of: year) == 29
                date = first + number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .ordinal(let number): date = first + number
            case .weekday(let month, let nth, let weekday):
                let start = Timestamp.days(year, month, 1)
                // 1970-01-01 was a Thursday.
                let ahead = ((weekday - (start + 4)) % 7 + 7) % 7
                let found = start + ahead + (nth - 1) * 7
                let end = start + Timestamp.days(inMonth: month, of: year)
                date = found < end ? found : found - 7
            }
            return date * 86_400 + seconds
        }
    }

    /// The changes of a year in UTC, in order: when, and the offset from then on.
    func changes(in year: Int64) -> [(at: Int64, offset: Int64)] {
        guard let summer else { return [] }
        return [
            (summer.start.local(in: year) - standard, summer.offset),
            (summer.end.local(in: year) - summer.offset, standard),
        ].sorted { $0.0 < $1.0 }
    }

    /// Seconds east of UTC at a moment, in seconds since 1970.
    func offset(at moment: Int64) -> Int64 {
        guard summer != nil else { return standard }
        let day = (moment - 31 * 86_400) / 86_400
        let (year, _, _) = Timestamp.civil(daysSince1970: day)
        var offset = standard
        for near in (year - 1)...(year + 1) {
            for change in changes(in: near) where change.at <= moment { offset = change.offset }
        }
        return offset
    }

    /// Nil for anything that is no such rule.
    init?(parsing text: String) {
        var scanner = Scanner(text: Array(text.utf8))
        guard text.utf8.count <= 128, scanner.name(), let west = scanner.time(limit: 24) else {
            return nil
        }
        standard = -west
        if scanner.isAtEnd {
            summer = nil
            return
        }
        guard scanner.name() else { return nil }
        var offset = standard + 3600
        if scanner.peek != Scanner.comma {
            guard let west = scanner.time(limit: 24) else { return nil }
            offset = -west
        }
        guard scanner.take(Scanner.comma), let start = scanner.change(),
            scanner.take(Scanner.comma), let end = scanner.change(), scanner.isAtEnd
        else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    private struct Scanner {
        static let comma = UInt8(ascii: ",")
        let text: [UInt8]
        var place = 0

        var peek: UInt8? { place < text.count ? text[place] : nil }
        var isAtEnd: Bool { place >= text.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard peek == byte else { return false }
            place += 1
            return true
        }

        /// `CET`, or anything in angle brackets.
        mutating func name() -> Bool {
            let start = place
            if take(UInt8(ascii: "<")) {
                while let byte = peek, byte != UInt8(ascii: ">") { place += 1 }
                return take(UInt8(ascii: ">")) && place > start + 2
            }
            while let byte = peek, (byte | 0x20) >= 0x61, (byte | 0x20) <= 0x7A { place += 1 }
            return place - start >= 3
        }

        mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
            var value: Int64 = 0
            let start = place
            while let byte = peek, (48...57).contains(byte), place - start < 3 {
                value = value * 10 + Int64(byte - 48)
                place += 1
            }
            return place > start && range.contains(value) ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(limit: Int64) -> Int64? {
            let isNegative = take(UInt8(ascii: "-"))
            if !isNegative { _ = take(UInt8(ascii: "+")) }
            guard let hours = number(0...limit) else { return nil }
            var seconds = hours * 3600
            for unit in [Int64(60), 1] where take(UInt8(ascii: ":")) {
                guard let part = number(0...59) else { return nil }
                seconds += part * unit
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            let day: Change.Day
            if take(UInt8(ascii: "M")) {
                let dot = UInt8(ascii: ".")
                guard let month = number(1...12), take(dot), let nth = number(1...5), take(dot),
                    let weekday = number(0...6)
                else { return nil }
                day = .weekday(month: month, nth: nth, weekday)
            } else if take(UInt8(ascii: "J")) {
                guard let number = number(1...365) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(0...365) else { return nil }
                day = .ordinal(number)
            }
            guard take(UInt8(ascii: "/")) else { return Change(day: day, seconds: 7200) }
            return time(limit: 167).map { Change(day: day, seconds: $0) }
        }
    }
}
