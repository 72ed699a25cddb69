/// Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant's days_from_civil).
func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
}

/// The inverse of `daysSince1970`.
func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month5 = (5 * dayOfYear + 2) / 153
    let month = month5 < 10 ? month5 + 3 : month5 - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * month5 + 2) / 5 + 1)
}

@inline(__always)
private func digits(_ start: UnsafePointer<UInt8>, _ offset: Int, _ count: Int) -> Int? {
    var value = 0
    for index in offset..<(offset &+ count) {
        let digit = start[index] &- 48
        if digit > 9 { return nil }
        value = value &* 10 &+ Int(digit)
    }
    return value
}

/// `2013-02-28` as seconds since 1970; nil for anything else, 2013-02-29 included.
@inline(__always)
func parseDate(_ start: UnsafePointer<UInt8>, _ count: Int) -> Double? {
    guard count == 10, let days = parseDays(start) else { return nil }
    return Double(days &* 86_400)
}

private let monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/// - Precondition: ten bytes can be read.
private func parseDays(_ start: UnsafePointer<UInt8>) -> Int? {
    let dash = UInt8(ascii: "-")
    guard start[4] == dash, start[7] == dash, let year = digits(start, 0, 4),
        let month = digits(start, 5, 2), let day = digits(start, 8, 2),
        month >= 1, month <= 12, day >= 1, day <= monthDays[month - 1]
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    if month == 2, day == 29, !isLeap { return nil }
    return daysSince1970(year: year, month: month, day: day)
}

/// A timestamp as seconds since 1970. A leap second (23:59:60) counts as the next second.
func parseTimestamp(_ start: UnsafePointer<UInt8>, _ count: Int) -> Double? {
    guard count >= 16, count <= 40, let days = parseDays(start) else { return nil }
    guard start[10] == UInt8(ascii: "T") || start[10] == UInt8(ascii: " ") || start[10] == 0x74,
        let hour = digits(start, 11, 2), hour <= 23, start[13] == UInt8(ascii: ":"),
        let minute = digits(start, 14, 2), minute <= 59
    else { return nil }
    var index = 16
    var seconds = Double(days &* 86_400 &+ hour &* 3600 &+ minute &* 60)
    if index + 3 <= count, start[index] == UInt8(ascii: ":") {
        guard let second = digits(start, index + 1, 2), second <= 60 else { return nil }
        if second == 60, !(hour == 23 && minute == 59) { return nil }
        seconds += Double(second)
        index += 3
        if index < count, start[index] == UInt8(ascii: ".") {
            index += 1
            let first = index
            var unit = 0.1
            while index < count, start[index] &- 48 <= 9 {
                seconds += Double(start[index] &- 48) * unit
                unit /= 10
                index += 1
            }
            if index == first { return nil }
        }
    }
    guard let offset = parseZone(start, index, count) else { return nil }
    return seconds - Double(offset)
}

/// The offset from UTC in seconds; nothing at all means UTC.
private func parseZone(_ start: UnsafePointer<UInt8>, _ from: Int, _ count: Int) -> Int? {
    if from == count { return 0 }
    if count == from + 1, start[from] | 0x20 == UInt8(ascii: "z") { return 0 }
    guard start[from] == UInt8(ascii: "+") || start[from] == UInt8(ascii: "-") else { return nil }
    let length = count - from
    let hasColon = length == 6 && start[from + 3] == UInt8(ascii: ":")
    guard length == 3 || length == 5 || hasColon, let hours = digits(start, from + 1, 2) else {
        return nil
    }
    var minutes = 0
    if length > 3 {
        guard let value = digits(start, from + (hasColon ? 4 : 3), 2) else { return nil }
        minutes = value
    }
    guard hours <= 18, minutes <= 59 else { return nil }
    let offset = hours * 3600 + minutes * 60
    return start[from] == UInt8(ascii: "-") ? -offset : offset
}

/// `true` or `false` in any case.
@inline(__always)
func parseBoolean(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool? {
    if count == 4, start[0] | 0x20 == 0x74, start[1] | 0x20 == 0x72, start[2] | 0x20 == 0x75,
        start[3] | 0x20 == 0x65
    {
        return true
    }
    if count == 5, start[0] | 0x20 == 0x66, start[1] | 0x20 == 0x61, start[2] | 0x20 == 0x6C,
        start[3] | 0x20 == 0x73, start[4] | 0x20 == 0x65
    {
        return false
    }
    return nil
}

/// A date or timestamp in seconds as a person writes it.
func dateText(seconds: Double, type: ColumnType) -> String {
    guard let whole = Int(exactly: seconds.rounded(.down)), abs(whole) < 1 << 42 else {
        return "\(seconds)"
    }
    let days = whole >= 0 ? whole / 86_400 : (whole - 86_399) / 86_400
    let (year, month, day) = civilDate(daysSince1970: days)
    func padded(_ value: Int, _ width: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let date = "\(padded(year, 4))-\(padded(month))-\(padded(day))"
    if type == .date { return date }
    let rest = whole - days * 86_400
    let clock = "\(padded(rest / 3600)):\(padded(rest / 60 % 60)):\(padded(rest % 60))"
    return "\(date)T\(clock)Z"
}
