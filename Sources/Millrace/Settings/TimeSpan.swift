/// A length of time, written in settings as a number and a unit: `500ms`, `20s`, `15m`, `24h`, `7d`.
public struct TimeSpan: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// At most a hundred years.
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, 0), 100 * 366 * 86_400_000)
    }

    public static func seconds(_ seconds: Int64) -> TimeSpan {
        TimeSpan(milliseconds: seconds.multipliedReportingOverflow(by: 1000).partialValue)
    }

    public static let zero = TimeSpan(milliseconds: 0)

    public var seconds: Double { Double(milliseconds) / 1000 }

    private static let units: [(String, Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Nil for anything but digits and one of the units `ms`, `s`, `m`, `h`, `d`.
    public init?(parsing text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits),
            let unit = TimeSpan.units.first(where: { $0.0 == text.dropFirst(digits.count) })
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit.1)
        guard !overflow else { return nil }
        self.init(milliseconds: product)
    }

    public var description: String {
        if milliseconds == 0 { return "0s" }
        for (name, size) in TimeSpan.units where milliseconds % size == 0 {
            return "\(milliseconds / size)\(name)"
        }
        return "\(milliseconds)ms"
    }

    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }
}

extension TimeSpan: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let span = TimeSpan(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription:
                    "expected a time such as \"500ms\", \"20s\", \"15m\", \"24h\" or \"7d\"")
        }
        self = span
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
