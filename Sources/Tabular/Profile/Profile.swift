/// What a drop's columns look like: enough to infer a contract and to measure drift, small enough to
/// keep as the reference for years. Profiles of parts add up to the profile of the whole.
package struct Profile: Equatable, Sendable {
    /// Rows that could be read as rows; defective ones are left out.
    package var rowCount: Int
    package var columns: [ColumnProfile]

    package init(rowCount: Int, columns: [ColumnProfile]) {
        self.rowCount = rowCount
        self.columns = columns
    }

    package func column(_ name: String) -> ColumnProfile? { columns.first { $0.name == name } }
}

/// One column of a profile.
package struct ColumnProfile: Equatable, Sendable {
    package var name: String
    /// Values, missing ones included.
    package var count: Int
    package var nullCount: Int
    /// How many values could be taken for which type; strings are those that are nothing else.
    package var kinds: KindCounts
    /// The values that are numbers, dates or timestamps; nil when there are none.
    package var numbers: NumberProfile?
    /// The values that are not; nil when there are none.
    package var texts: TextProfile?

    package var nullFraction: Double { count == 0 ? 0 : Double(nullCount) / Double(count) }

    /// The narrowest type that holds all values; string when there are none.
    package var type: ColumnType { kinds.type }

    /// How many different values there are: exact while they are few, else estimated within a few
    /// per cent.
    package var distinctCount: Int {
        (numbers?.distinctCount ?? 0) + (texts?.distinctCount ?? 0)
    }
}

/// How many values of a column are of which kind.
package struct KindCounts: Equatable, Sendable {
    package var integer = 0
    package var number = 0
    package var boolean = 0
    package var date = 0
    package var timestamp = 0
    package var string = 0

    package init() {}

    package var type: ColumnType {
        let known = integer + number + boolean + date + timestamp
        if string > 0 || known == 0 { return .string }
        if integer + number == known { return number == 0 ? .integer : .number }
        if boolean == known { return .boolean }
        if date + timestamp == known { return timestamp == 0 ? .date : .timestamp }
        return .string
    }

    static func + (a: KindCounts, b: KindCounts) -> KindCounts {
        var sum = a
        sum.integer += b.integer
        sum.number += b.number
        sum.boolean += b.boolean
        sum.date += b.date
        sum.timestamp += b.timestamp
        sum.string += b.string
        return sum
    }
}

/// The distribution of a column's numbers. Dates and timestamps count in seconds since 1970.
package struct NumberProfile: Equatable, Sendable {
    package var count: Int
    package var minimum: Double
    package var maximum: Double
    package var mean: Double
    /// The sum of squared distances from the mean; infinite when it does not fit.
    package var squares: Double
    /// Bits dropped from the keys: see `BinCounter`. At 0 each bin is one number.
    package var level: Int
    /// Keys of the bins without their lowest `level` bits, ascending, each with its count.
    package var bins: [Bin]
    /// HyperLogLog registers; empty while level is 0, because then the bins are the values.
    package var registers: [UInt8]

    package struct Bin: Equatable, Sendable {
        package var key: UInt64
        package var count: Int
    }

    package var variance: Double { count > 1 ? squares / Double(count - 1) : 0 }

    package var distinctCount: Int {
        level == 0 ? bins.count : max(bins.count, DistinctCounter.estimate(registers))
    }

    /// The lowest number of a bin.
    package func lowerEdge(_ bin: Bin) -> Double {
        BinCounter.value(ofKey: bin.key << UInt64(level))
    }

    /// The highest number of a bin.
    package func upperEdge(_ bin: Bin) -> Double {
        BinCounter.value(ofKey: bin.key << UInt64(level) | ((1 << UInt64(level)) - 1))
    }

    /// The number below which a share of the values lies, within the width of a bin.
    package func quantile(_ share: Double) -> Double {
        let wanted = share * Double(count)
        var seen = 0
        for bin in bins {
            seen += bin.count
            if Double(seen) >= wanted {
                let middle = lowerEdge(bin) / 2 + upperEdge(bin) / 2
                return min(max(middle, minimum), maximum)
            }
        }
        return maximum
    }
}

/// The distribution of a column's texts.
package struct TextProfile: Equatable, Sendable {
    package var count: Int
    /// Bytes of the shortest and the longest text.
    package var minimumLength: Int
    package var maximumLength: Int
    /// Every text with its count, in the order of the bytes; empty when there are too many to name.
    package var categories: [Category]
    /// Counts by hash, when there are too many texts to name.
    package var buckets: [Int]
    package var registers: [UInt8]

    package struct Category: Equatable, Sendable {
        package var name: String
        package var count: Int
    }

    package var isNamed: Bool { buckets.isEmpty }

    package var distinctCount: Int {
        isNamed ? categories.count : DistinctCounter.estimate(registers)
    }
}
