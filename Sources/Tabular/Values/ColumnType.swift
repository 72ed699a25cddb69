/// The type of a column's values. The raw value is the `logicalType` of a contract.
package enum ColumnType: String, CaseIterable, Sendable {
    /// A whole number that fits 64 bits.
    case integer
    /// A finite decimal number.
    case number
    /// `true` or `false`, in any case.
    case boolean
    /// `2013-01-31`
    case date
    /// `2013-01-31T10:00:00Z`: a date, `T` or a space, hours and minutes; seconds, their fraction and
    /// an offset from UTC may be missing (then UTC is meant).
    case timestamp
    case string

    /// Values have an order and a distance; dates and timestamps count seconds since 1970.
    package var isNumeric: Bool { self != .string && self != .boolean }
}

/// What a single value can be taken for. The order is that of the counts in a profile.
enum ValueKind: Int, CaseIterable {
    case integer, number, boolean, date, timestamp, string
}
