package import Millrace

// The format of a saved profile, version 1:
//
//   {"format": "millrace.profile/1", "rows": n, "columns": [column …]}
//   column   {"name", "count", "nulls", "kinds": [integer, number, boolean, date, timestamp, string],
//             "numbers"?, "texts"?}
//   numbers  {"count", "min", "max", "mean", "squares", "level", "keys", "counts", "registers"?}
//   texts    {"count", "minLength", "maxLength", "categories": [[name, count] …]}
//            or, when there are too many to name, {…, "buckets": [256 counts], "registers"}
//
// `keys` are the differences of the bins' keys (see BinCounter), the first one from 0, and `counts`
// the bins' counts: both are base 64 of unsigned LEB128 numbers. `registers` is base 64 of the 4,096
// HyperLogLog registers. At most about 45 KB a column.

extension Profile {
    static let formatName = "millrace.profile/1"

    package var json: JSONValue {
        .object([
            .init("format", .string(Self.formatName)), .init("rows", .integer(Int64(rowCount))),
            .init("columns", .array(columns.map(\.json))),
        ])
    }

    /// Reads a saved profile. - Throws: `TabularError` that names the column that is damaged.
    package init(json: JSONValue) throws(TabularError) {
        guard json["format"]?.stringValue == Self.formatName, let rows = json["rows"]?.countValue,
            let columns = json["columns"]?.arrayValue
        else {
            throw TabularError(.contract, "this is not a profile of format \(Self.formatName)")
        }
        rowCount = rows
        self.columns = []
        for (index, column) in columns.enumerated() {
            guard let column = ColumnProfile(json: column) else {
                throw TabularError(.contract, "column \(index + 1) of the profile is damaged")
            }
            self.columns.append(column)
        }
    }
}

extension JSONValue {
    /// A count: a whole number from 0, small enough that sums of counts cannot overflow.
    fileprivate var countValue: Int? {
        guard let value = integerValue, value >= 0, value < 1 << 53 else { return nil }
        return Int(value)
    }

    fileprivate var bytesValue: [UInt8]? { stringValue.flatMap { Base64.decode($0) } }
}

extension ColumnProfile {
    fileprivate var json: JSONValue {
        let kinds = [
            kinds.integer, kinds.number, kinds.boolean, kinds.date, kinds.timestamp, kinds.string,
        ]
        var members: [JSONValue.Member] = [
            .init("name", .string(name)), .init("count", .integer(Int64(count))),
            .init("nulls", .integer(Int64(nullCount))),
            .init("kinds", .array(kinds.map { .integer(Int64($0)) })),
        ]
        if let numbers { members.append(.init("numbers", numbers.json)) }
        if let texts { members.append(.init("texts", texts.json)) }
        return .object(members)
    }

    fileprivate init?(json: JSONValue) {
        guard let name = json["name"]?.stringValue, let count = json["count"]?.countValue,
            let nulls = json["nulls"]?.countValue, nulls <= count,
            let kindCounts = json["kinds"]?.arrayValue?.map(\.countValue), kindCounts.count == 6,
            !kindCounts.contains(nil)
        else { return nil }
        let numbers = json["numbers"].map { NumberProfile(json: $0) }
        let texts = json["texts"].map { TextProfile(json: $0) }
        if case .some(.none) = numbers { return nil }
        if case .some(.none) = texts { return nil }
        var kinds = KindCounts()
        let values = kindCounts.compactMap(\.self)
        (kinds.integer, kinds.number, kinds.boolean) = (values[0], values[1], values[2])
        (kinds.date, kinds.timestamp, kinds.string) = (values[3], values[4], values[5])
        self.init(
            name: name, count: count, nullCount: nulls, kinds: kinds, numbers: numbers ?? nil,
            texts: texts ?? nil)
    }
}

extension NumberProfile {
    fileprivate var json: JSONValue {
        var keys: [UInt64] = []
        var last: UInt64 = 0
        for bin in bins {
            keys.append(bin.key &- last)
            last = bin.key
        }
        var members: [JSONValue.Member] = [
            .init("count", .integer(Int64(count))), .init("min", numberJSON(minimum)),
            .init("max", numberJSON(maximum)), .init("mean", numberJSON(mean)),
            .init("squares", numberJSON(squares)), .init("level", .integer(Int64(level))),
            .init("keys", .string(Base64.encode(LEB128.encode(keys)))),
            .init("counts", .string(Base64.encode(LEB128.encode(bins.map { UInt64($0.count) })))),
        ]
        if !registers.isEmpty {
            members.append(.init("registers", .string(Base64.encode(registers))))
        }
        return .object(members)
    }

    fileprivate init?(json: JSONValue) {
        guard let count = json["count"]?.countValue, let minimum = json["min"]?.doubleValue,
            let maximum = json["max"]?.doubleValue, let mean = json["mean"]?.doubleValue,
            let level = json["level"]?.countValue, level <= 64,
            let keys = json["keys"]?.bytesValue.flatMap({ LEB128.decode($0) }),
            let counts = json["counts"]?.bytesValue.flatMap({ LEB128.decode($0) }),
            keys.count == counts.count, keys.count <= Self.binLimit
        else { return nil }
        var bins: [Bin] = []
        var key: UInt64 = 0
        for (difference, count) in zip(keys, counts) {
            guard count > 0, count < 1 << 53 else { return nil }
            let (sum, overflow) = key.addingReportingOverflow(difference)
            if overflow || (difference == 0 && !bins.isEmpty) { return nil }
            key = sum
            bins.append(Bin(key: key, count: Int(count)))
        }
        guard bins.reduce(0, { $0 + $1.count }) == count else { return nil }
        let registers = json["registers"].map { $0.bytesValue ?? [] } ?? []
        guard level == 0 || registers.count == DistinctCounter.registerCount,
            registers.allSatisfy({ $0 <= 53 })
        else { return nil }
        self.init(
            count: count, minimum: minimum, maximum: maximum, mean: mean,
            squares: json["squares"]?.doubleValue ?? .infinity, level: level, bins: bins,
            registers: registers)
    }
}

extension TextProfile {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("count", .integer(Int64(count))),
            .init("minLength", .integer(Int64(minimumLength))),
            .init("maxLength", .integer(Int64(maximumLength))),
        ]
        if isNamed {
            let list = categories.map {
                JSONValue.array([.string($0.name), .integer(Int64($0.count))])
            }
            members.append(.init("categories", .array(list)))
        } else {
            members.append(.init("buckets", .array(buckets.map { .integer(Int64($0)) })))
            members.append(.init("registers", .string(Base64.encode(registers))))
        }
        return .object(members)
    }

    fileprivate init?(json: JSONValue) {
        guard let count = json["count"]?.countValue, let low = json["minLength"]?.countValue,
            let high = json["maxLength"]?.countValue
        else { return nil }
        self.init(
            count: count, minimumLength: low, maximumLength: high, categories: [], buckets: [],
            registers: [])
        if let list = json["categories"]?.arrayValue {
            guard list.count <= Self.nameLimit else { return nil }
            for item in list {
                guard let name = item[0]?.stringValue, let count = item[1]?.countValue else {
                    return nil
                }
                categories.append(Category(name: name, count: count))
            }
        } else {
            guard let list = json["buckets"]?.arrayValue?.map(\.countValue),
                list.count == TextCounter.bucketCount, !list.contains(nil),
                let bytes = json["registers"]?.bytesValue,
                bytes.count == DistinctCounter.registerCount, bytes.allSatisfy({ $0 <= 53 })
            else { return nil }
            buckets = list.compactMap(\.self)
            registers = bytes
        }
    }
}

/// Numbers in as few bytes as they need: seven bits a byte, the lowest first.
enum LEB128 {
    static func encode(_ numbers: [UInt64]) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in numbers {
            var rest = number
            while rest >= 0x80 {
                bytes.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes
    }

    static func decode(_ bytes: [UInt8]) -> [UInt64]? {
        var numbers: [UInt64] = []
        var number: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes {
            guard shift < 63 || (shift == 63 && byte <= 1) else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 {
                numbers.append(number)
                (number, shift) = (0, 0)
            }
        }
        return shift == 0 ? numbers : nil
    }
}
