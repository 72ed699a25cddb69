// A compiled time zone: RFC 9636 (TZif), versions 1 to 4.
//
//     0   "TZif", version ('\0', '2', '3', '4'), 15 bytes unused
//     20  six counts of 4 bytes, big-endian: isutcnt isstdcnt leapcnt timecnt typecnt charcnt
//     44  timecnt × moment (4 bytes; 8 in the second block), timecnt × type (1 byte),
//         typecnt × (offset 4, is-summer 1, name 1), charcnt × 1, leapcnt × (moment + 4), isstdcnt, isutcnt
//
// From version 2 on a second block follows with 8-byte moments, and then the rule for the time after the
// last change, between two newlines.

extension TimeZoneRules {
    package struct Malformed: Error, Sendable {
        package let reason: String
    }

    /// The most that a file may have; the largest of the database has 4 KB.
    package static let sizeLimit = 256 << 10

    /// Reads the bytes of a compiled time zone.
    package init(tzif bytes: [UInt8]) throws(Malformed) {
        guard bytes.count <= TimeZoneRules.sizeLimit else { throw Malformed(reason: "too large") }
        var reader = TZifReader(bytes: bytes)
        var (version, counts) = try reader.header()
        if version == 0 {
            try self.init(reader.block(counts, width: 4), rule: nil)
            return
        }
        try reader.skip(counts.size(width: 4))
        (version, counts) = try reader.header()
        guard version != 0 else { throw Malformed(reason: "its second part is of version 1") }
        let block = try reader.block(counts, width: 8)
        let footer = try reader.footer()
        var rule: PosixTimeZone?
        if !footer.isEmpty {
            rule = PosixTimeZone(parsing: footer)
            if rule == nil { throw Malformed(reason: "its rule '\(footer)' cannot be read") }
        }
        try self.init(block, rule: rule)
    }

    fileprivate init(_ block: TZifReader.Block, rule: PosixTimeZone?) throws(Malformed) {
        var offsets: [Int64] = []
        for type in block.indices {
            guard type < block.types.count else { throw Malformed(reason: "a type is missing") }
            offsets.append(block.types[type])
        }
        for (earlier, later) in zip(block.changes, block.changes.dropFirst())
        where earlier >= later {
            throw Malformed(reason: "its changes are not in order")
        }
        guard let first = block.types.first else { throw Malformed(reason: "it has no type") }
        self.init(first: first, changes: block.changes, offsets: offsets, rule: rule)
    }
}

private struct TZifReader {
    struct Counts {
        var utc = 0
        var standard = 0
        var leaps = 0
        var times = 0
        var types = 0
        var characters = 0

        func size(width: Int) -> Int {
            times * (width + 1) + types * 6 + characters + leaps * (width + 4) + standard + utc
        }
    }

    struct Block {
        var changes: [Int64] = []
        var indices: [Int] = []
        var types: [Int64] = []
    }

    let bytes: [UInt8]
    var place = 0

    private mutating func take(_ count: Int) throws(TimeZoneRules.Malformed) -> ArraySlice<UInt8> {
        guard count >= 0, bytes.count - place >= count else {
            throw TimeZoneRules.Malformed(reason: "it ends too early")
        }
        defer { place += count }
        return bytes[place..<(place + count)]
    }

    mutating func skip(_ count: Int) throws(TimeZoneRules.Malformed) { _ = try take(count) }

    /// A signed big-endian number.
    private mutating func number(_ width: Int) throws(TimeZoneRules.Malformed) -> Int64 {
        let field = try take(width)
        let word = field.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return width == 8
            ? Int64(bitPattern: word) : Int64(Int32(truncatingIfNeeded: word))
    }

    mutating func header() throws(TimeZoneRules.Malformed) -> (version: UInt8, Counts) {
        guard try take(4).elementsEqual("TZif".utf8) else {
            throw TimeZoneRules.Malformed(reason: "it is no compiled time zone")
        }
        let version = try take(16).first ?? 0
        var counts = Counts()
        func count(_ value: Int64) throws(TimeZoneRules.Malformed) -> Int {
            guard (0...100_000).contains(value) else {
                throw TimeZoneRules.Malformed(reason: "a count of \(value)")
            }
            return Int(value)
        }
        counts.utc = try count(try number(4))
        counts.standard = try count(try number(4))
        counts.leaps = try count(try number(4))
        counts.times = try count(try number(4))
        counts.types = try count(try number(4))
        counts.characters = try count(try number(4))
        return (version, counts)
    }

    mutating func block(
        _ counts: Counts, width: Int
    ) throws(TimeZoneRules.Malformed) -> Block {
        // Its moments count leap seconds, which no clock of ours does.
        guard counts.leaps == 0 else {
            throw TimeZoneRules.Malformed(
                reason: "it counts leap seconds: take it without 'right/'")
        }
        var block = Block()
        for _ in 0..<counts.times { block.changes.append(try number(width)) }
        block.indices = try take(counts.times).map { Int($0) }
        for _ in 0..<counts.types {
            let offset = try number(4)
            guard (-90_000...93_600).contains(offset) else {
                throw TimeZoneRules.Malformed(reason: "an offset of \(offset) seconds")
            }
            block.types.append(offset)
            try skip(2)
        }
        try skip(counts.characters + counts.standard + counts.utc)
        return block
    }

    mutating func footer() throws(TimeZoneRules.Malformed) -> String {
        let newline = UInt8(ascii: "\n")
        guard try take(1).first == newline, let end = bytes[place...].firstIndex(of: newline) else {
            throw TimeZoneRules.Malformed(reason: "it ends without its rule")
        }
        return String(decoding: bytes[place..<end], as: UTF8.self)
    }
}
