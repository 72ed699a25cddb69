package import Millrace

/// Quantities as people read them. Every function takes any value that its type can hold.
package enum Format {
    /// A number with exactly `decimals` digits (0 to 9) after the point.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        let decimals = min(max(decimals, 0), 9)
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value * Double(scale)).rounded()
        // Beyond 2^53 there are no digits after the point to round.
        guard abs(scaled) < 9_007_199_254_740_992 else { return value.description }
        let whole = Int64(scaled)
        let digits = String(whole.magnitude / UInt64(scale))
        let sign = whole < 0 ? "-" : ""
        if decimals == 0 { return sign + digits }
        let fraction = String(whole.magnitude % UInt64(scale))
        let zeros = String(repeating: "0", count: decimals - fraction.utf8.count)
        return sign + digits + "." + zeros + fraction
    }

    /// `0.4137` as `41.4%`.
    package static func percent(_ fraction: Double, _ decimals: Int = 1) -> String {
        fixed(fraction * 100, decimals) + "%"
    }

    /// A whole number with its thousands apart: `1,234,567`.
    package static func count(_ value: Int) -> String {
        var groups = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { groups.append(",") }
            groups.append(digit)
        }
        return (value < 0 ? "-" : "") + String(groups.reversed())
    }

    /// `count(2, "row")` is `2 rows`.
    package static func count(_ value: Int, _ noun: String, plural: String? = nil) -> String {
        count(value) + " " + (value == 1 ? noun : plural ?? noun + "s")
    }

    /// A size in bytes, with decimal units (1 kB is 1000 bytes) and three digits: `2.34 MB`.
    package static func bytes(_ value: Int64) -> String {
        if value.magnitude < 1000 { return "\(value) B" }
        var rest = Double(value)
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            rest /= 1000
            if abs(rest) < 999.5 { return threeDigits(rest) + " " + unit }
        }
        return threeDigits(rest / 1000) + " EB"
    }

    /// A span of time: `320 µs`, `45 ms`, `2.3 s`, `4m 05s`, `3h 12m`, `5d 6h`.
    package static func duration(seconds: Double) -> String {
        guard seconds.isFinite else { return seconds.isNaN ? "?" : seconds < 0 ? "-∞" : "∞" }
        if seconds < 0 { return "-" + duration(seconds: -seconds) }
        switch seconds {
        case 0: return "0 s"
        case ..<0.000_999_5: return fixed(seconds * 1e6, 0) + " µs"
        case ..<0.999_5: return fixed(seconds * 1e3, 0) + " ms"
        case ..<9.95: return fixed(seconds, 1) + " s"
        case ..<59.5: return fixed(seconds, 0) + " s"
        case ..<3599.5: return pair(seconds.rounded(), 60, "m", "s")
        case ..<86_370: return pair((seconds / 60).rounded(), 60, "h", "m")
        case ..<8.64e14: return pair((seconds / 3600).rounded(), 24, "d", "h", isPadded: false)
        default: return fixed(seconds / 86_400, 0) + "d"
        }
    }

    /// How long ago, or in how long: `just now`, `4 min ago`, `in 2 h`, `3 days ago`; beyond 60 days
    /// the date.
    package static func relative(_ time: Timestamp, to now: Timestamp) -> String {
        let seconds = now.seconds(since: time)
        let size = abs(seconds)
        let words: String
        switch size {
        case ..<5: return "just now"
        case ..<59.5: words = fixed(size, 0) + " s"
        case ..<3570: words = fixed(size / 60, 0) + " min"
        case ..<84_600: words = fixed(size / 3600, 0) + " h"
        case ..<5_184_000:
            let days = Int((size / 86_400).rounded())
            words = count(days, "day")
        default: return String(time.description.prefix(10))
        }
        return seconds >= 0 ? words + " ago" : "in " + words
    }

    /// The time of day of a moment, in UTC: `14:03:27.512`.
    package static func clock(_ time: Timestamp) -> String {
        String(time.description.dropFirst(11).prefix(12))
    }

    /// Date and time in UTC, to the second: `2026-03-03 14:03:27`.
    package static func dateAndTime(_ time: Timestamp) -> String {
        let text = time.description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8)
    }

    private static func threeDigits(_ value: Double) -> String {
        let size = abs(value)
        return fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
    }

    private static func pair(
        _ small: Double, _ factor: Int64, _ large: String, _ smallName: String,
        isPadded: Bool = true
    ) -> String {
        let total = Int64(small)
        let rest = String(total % factor)
        let padding = isPadded && rest.utf8.count == 1 ? "0" : ""
        return "\(total / factor)\(large) \(padding)\(rest)\(smallName)"
    }
}
