/// What the clocks of a place show at any moment: a table of changes, and a rule for the time after it.
package struct TimeZoneRules: Hashable, Sendable {
    /// Seconds east of UTC before the first change.
    private let first: Int64
    /// Seconds since 1970, in order, each with the offset from then on.
    private let changes: [Int64]
    private let offsets: [Int64]
    private let rule: PosixTimeZone?

    init(first: Int64, changes: [Int64], offsets: [Int64], rule: PosixTimeZone?) {
        self.first = first
        self.changes = changes
        self.offsets = offsets
        self.rule = rule
    }

    package static let utc = TimeZoneRules.fixed(0)

    /// The same all the time.
    package static func fixed(_ seconds: Int64) -> TimeZoneRules {
        TimeZoneRules(first: seconds, changes: [], offsets: [], rule: nil)
    }

    /// What a setting that names a clock may be.
    static let expected =
        "a name such as \"Europe/Berlin\", \"UTC\", or an offset such as \"+02:00\""

    /// `UTC`, `Z`, or an offset such as `+02:00`; nil for a name.
    package static func fixed(parsing text: String) -> TimeZoneRules? {
        if text == "UTC" || text == "Z" { return .utc }
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":"),
            [1, 2, 4, 5].allSatisfy({ (48...57).contains(bytes[$0]) }),
            let hours = Int64(text.dropFirst().prefix(2)), let minutes = Int64(text.suffix(2)),
            hours <= 14, minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return .fixed(bytes[0] == UInt8(ascii: "-") ? -seconds : seconds)
    }

    /// Whether a name can be one of the database: nothing that leads out of its folder.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                part.utf8.first.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A } == true
                    && part.utf8.allSatisfy { byte in
                        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
                            || (48...57).contains(byte)
                            || "_+-".utf8.contains(byte)
                    }
            }
    }

    /// How many changes are not after a moment.
    private func index(after moment: Int64) -> Int {
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Seconds east of UTC at a moment in seconds since 1970.
    package func offset(at moment: Int64) -> Int64 {
        let index = index(after: moment)
        if index == changes.count, let rule { return rule.offset(at: moment) }
        return index > 0 ? offsets[index - 1] : first
    }

    /// The stretches of one offset that touch a span, in order; the first begins at its start.
    func stretches(from start: Int64, through end: Int64) -> [(start: Int64, offset: Int64)] {
        var found = [(start: start, offset: offset(at: start))]
        var index = index(after: start)
        while index < changes.count, changes[index] <= end {
            found.append((changes[index], offsets[index]))
            index += 1
        }
        guard let rule, rule.summer != nil, end > (changes.last ?? .min) else { return found }
        let after = max(start, changes.last ?? .min)
        let year = Timestamp.civil(daysSince1970: start / 86_400).0
        let last = Timestamp.civil(daysSince1970: end / 86_400).0
        for near in (year - 1)...(last + 1) {
            for change in rule.changes(in: near) where change.at > after && change.at <= end {
                found.append((change.at, change.offset))
            }
        }
        return found
    }
}
