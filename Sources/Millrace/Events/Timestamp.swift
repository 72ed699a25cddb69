/// A moment in UTC, to the microsecond, without leap seconds (as POSIX time has none).
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

    /// RFC 3339 with six decimals and `Z`: always 27 characters for the years 0000 to 9999, to which
    /// it is clamped.
    public var description: String {
        let clamped = min(max(microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999)
        let (seconds, fraction) = Timestamp.divide(clamped, by: 1_000_000)
        let (days, second) = Timestamp.divide(seconds, by: 86_400)
        let (year, month, day) = Timestamp.civil(daysSince1970: days)
        return Timestamp.digits(year, 4) + "-" + Timestamp.digits(month, 2) + "-"
            + Timestamp.digits(day, 2) + "T" + Timestamp.digits(second / 3600, 2) + ":"
            + Timestamp.digits(second / 60 % 60, 2) + ":" + Timestamp.digits(second % 60, 2) + "."
            + Timestamp.digits(fraction, 6) + "Z"
    }

    /// Reads RFC 3339 (`2026-03-03T14:00:00Z`, with or without a fraction, `+01:00` offsets), and the
    /// shorter `2026-03-03 14:00` and `2026-03-03`, which are taken as UTC.
    public init?(parsing text: some StringProtocol) {
        var rest = Substring(text)
        func number(_ count: Int) -> Int64? {
            let part = rest.prefix(count)
            guard part.utf8.count == count, part.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
            else { return nil }
            rest = rest.dropFirst(count)
            return Int64(part)
        }
        func take(_ characters: String) -> Bool {
            guard let first = rest.first, characters.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), take("-"), let month = number(2), take("-"),
            let day = number(2), (1...12).contains(month), day >= 1,
            day <= Timestamp.days(inMonth: month, of: year)
        else { return nil }
        var micros = Timestamp.days(year, month, day) * 86_400_000_000
        if take("Tt ") {
            guard let hour = number(2), take(":"), let minute = number(2), hour < 24, minute < 60
            else { return nil }
            micros += (hour * 3600 + minute * 60) * 1_000_000
            if take(":") {
                guard let second = number(2), second < 60 else { return nil }
                micros += second * 1_000_000
                if take(".") {
                    let fraction = rest.prefix { $0.isASCII && $0.isNumber }
                    guard !fraction.isEmpty, fraction.count <= 12 else { return nil }
                    rest = rest.dropFirst(fraction.count)
                    let padded = (fraction + "000000").prefix(6)
                    guard let value = Int64(padded) else { return nil }
                    micros += value
                }
            }
            if !take("Zz") {
                if rest.first == "+" || rest.first == "-" {
                    let sign: Int64 = take("+") ? 1 : -1
                    if sign == -1 { _ = take("-") }
                    guard let hour = number(2), take(":"), let minute = number(2) else {
                        return nil
                    }
                    micros -= sign * (hour * 3600 + minute * 60) * 1_000_000
                }
            }
        }
        guard rest.isEmpty else { return nil }
        microseconds = micros
    }

    public func advanced(bySeconds seconds: Double) -> Timestamp {
        let micros = seconds * 1e6
        guard micros.isFinite, abs(micros) < 9e18 else { return self }
        let (sum, overflow) = microseconds.addingReportingOverflow(Int64(micros))
        return overflow ? self : Timestamp(microseconds: sum)
    }

    /// Seconds from `earlier` to this moment.
    public func seconds(since earlier: Timestamp) -> Double {
        (Double(microseconds) - Double(earlier.microseconds)) / 1e6
    }

    private static func divide(_ a: Int64, by b: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
    }

    private static func digits(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01; the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = divide(y, by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func civil(daysSince1970: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = divide(daysSince1970 + 719_468, by: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Timestamp(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a time such as 2026-03-03T14:00:00Z")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
