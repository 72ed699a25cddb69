package import Checksums
import Glibc
package import Millrace

/// Bytes that records point into. Written before the first record is made from them and never after.
final class RecordBytes: @unchecked Sendable {
    let all: UnsafeMutableRawBufferPointer

    init(capacity: Int) {
        all = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit { all.deallocate() }
}

/// One record whose checksum is right, as it lies in the segment. Its envelope is read by offset;
/// nothing is parsed until asked for.
package struct RawRecord: Sendable {
    let storage: RecordBytes
    private let start: Int
    /// Bytes of the line, its newline included.
    package let length: Int
    package let sequence: UInt64
    /// The sequence in the name of the segment, and the offset of the line in it.
    package let segment: UInt64
    package let offset: Int

    init(
        storage: RecordBytes, start: Int, length: Int, sequence: UInt64, segment: UInt64,
        offset: Int
    ) {
        self.storage = storage
        self.start = start
        self.length = length
        self.sequence = sequence
        self.segment = segment
        self.offset = offset
    }

    /// The record that some bytes begin with; nil when they do not begin with a whole one.
    package init?(parsing bytes: UnsafeRawBufferPointer, segment: UInt64) {
        guard let whole = RecordScanner.whole(bytes) else { return nil }
        let storage = RecordBytes(capacity: whole.length)
        storage.all.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<whole.length]))
        self.init(
            storage: storage, start: 0, length: whole.length, sequence: whole.sequence,
            segment: segment, offset: 0)
    }

    package init?(parsing bytes: [UInt8], segment: UInt64) {
        guard let record = bytes.withUnsafeBytes({ RawRecord(parsing: $0, segment: segment) })
        else { return nil }
        self = record
    }

    /// The line without its newline.
    package func withLine<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(
            UnsafeRawBufferPointer(rebasing: storage.all[start..<start + length - 1]))
    }

    package var line: [UInt8] { withLine { Array($0) } }

    /// The SHA-256 of the line without its newline: what the next record names as `previous`.
    package var hash: SHA256.Value { withLine { SHA256.hash($0) } }

    /// The hash of the record before; nil only when the digits are wrong.
    package var previous: SHA256.Value? { withLine { Digits.hash($0, RecordFormat.previous) } }

    /// Is that the hash of the record before?
    func follows(_ hash: SHA256.Value) -> Bool {
        withLine { line in
            line.baseAddress.map { Digits.isEqual($0 + RecordFormat.previous, to: hash) } ?? false
        }
    }

    package var time: Timestamp {
        withLine { RecordFields.time($0, RecordFormat.time) } ?? Timestamp(microseconds: 0)
    }

    package var durable: UInt64 {
        withLine { Digits.decimal($0, RecordFormat.durable, 20) } ?? 0
    }

    /// From 1; the batch is whole with the record whose index is the count.
    package var batchIndex: Int {
        withLine { Digits.decimal($0, RecordFormat.batch, 5) }.map { Int($0) } ?? 0
    }

    package var batchCount: Int {
        withLine { Digits.decimal($0, RecordFormat.batch + 6, 5) }.map { Int($0) } ?? 0
    }

    package var correlation: EventID {
        withLine { line in
            EventID(
                high: Digits.hexadecimal(line, RecordFormat.correlation, 16) ?? 0,
                low: Digits.hexadecimal(line, RecordFormat.correlation + 16, 16) ?? 0)
        }
    }

    /// The bytes of the event's type.
    package func withType<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try withLine { line throws(E) in
            var end = RecordFormat.type
            while end < line.count, line[end] != UInt8(ascii: "\"") { end += 1 }
            return try body(UnsafeRawBufferPointer(rebasing: line[RecordFormat.type..<end]))
        }
    }

    package var type: String { withType { String(decoding: $0, as: UTF8.self) } }

    /// Is the event of this type? Compares bytes, makes no string.
    package func isType(_ type: StaticString) -> Bool {
        withLine { line in
            let end = RecordFormat.type + type.utf8CodeUnitCount
            guard let base = line.baseAddress, end < line.count, line[end] == UInt8(ascii: "\"")
            else { return false }
            return memcmp(base + RecordFormat.type, type.utf8Start, type.utf8CodeUnitCount) == 0
        }
    }

    /// The payload's bytes, without parsing the members before it.
    package func withPayload<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try withLine { line throws(E) in
            let start = RecordFields.payloadStart(in: line)
            return try body(UnsafeRawBufferPointer(rebasing: line[start..<line.count - 1]))
        }
    }

    /// Whether some bytes stand anywhere in the payload: what has them not need not be parsed to know
    /// that something is not in it.
    package func payloadMentions(_ word: [UInt8]) -> Bool {
        guard let first = word.first else { return true }
        return withPayload { payload in
            guard let base = payload.baseAddress else { return false }
            var start = 0
            while payload.count - start >= word.count,
                let found = memchr(base + start, CInt(first), payload.count - start)
            {
                let at = UnsafeRawPointer(found) - base
                guard payload.count - at >= word.count else { return false }
                if memcmp(base + at, word, word.count) == 0 { return true }
                start = at + 1
            }
            return false
        }
    }

    /// The whole event. - Throws: `JournalError.unreadable` for a line whose checksum is right and
    /// whose contents are not what this version can read.
    package func event() throws(JournalError) -> Event { try event(nil) }

    /// - Parameters:
    ///   - names: of records that were read before.
    ///   - hasPayload: false to leave it out.
    func event(
        _ names: RecordNames?, hasPayload: Bool = true
    ) throws(JournalError) -> Event {
        let result: Result<Event, Unreadable> = withLine { line in
            Result { () throws(Unreadable) in
                try RecordFields.event(in: line, sequence: sequence, names, hasPayload)
            }
        }
        switch result {
        case .success(let event): return event
        case .failure(let flaw):
            throw .unreadable(sequence: sequence, member: flaw.member)
        }
    }
}

/// A member that is missing or is not what it should be.
struct Unreadable: Error {
    let member: String
}

/// Takes the values out of a line.
enum RecordFields {
    /// RFC 3339 in exactly 27 characters, by place.
    static func time(_ line: UnsafeRawBufferPointer, _ at: Int) -> Timestamp? {
        func number(_ offset: Int, _ width: Int) -> Int64? {
            Digits.decimal(line, at + offset, width).map { Int64($0) }
        }
        func has(_ offset: Int, _ character: Unicode.Scalar) -> Bool {
            line[at + offset] == UInt8(ascii: character)
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            let fraction = number(20, 6), has(4, "-"), has(7, "-"), has(10, "T"), has(13, ":"),
            has(16, ":"), has(19, "."), has(26, "Z"), (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        // Days since 1970 in the proleptic Gregorian calendar: Howard Hinnant's `days_from_civil`.
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        return Timestamp(microseconds: seconds * 1_000_000 + fraction)
    }

    /// Where the payload begins; the line's last byte when there is none. The first `,"data":` is
    /// the member: inside a string the quotes would be escaped.
    static func payloadStart(in line: UnsafeRawBufferPointer) -> Int {
        guard let base = line.baseAddress else { return 0 }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let commas = ones &* UInt64(UInt8(ascii: ","))
        let colons = ones &* UInt64(UInt8(ascii: ":"))
        var start = RecordFormat.type
        // Eight places at once: where one has both the comma and the colon, a byte is zero.
        while start + 16 <= line.count {
            let differences =
                base.loadUnaligned(fromByteOffset: start, as: UInt64.self) ^ commas
                | base.loadUnaligned(fromByteOffset: start + 7, as: UInt64.self) ^ colons
            if (differences &- ones) & ~differences & (ones << 7) != 0,
                let found = (start..<start + 8).first(where: { isDataMember(base + $0) })
            {
                return found + 8
            }
            start += 8
        }
        while start + 8 < line.count {
            if isDataMember(base + start) { return start + 8 }
            start += 1
        }
        return max(0, line.count - 1)
    }

    @inline(__always)
    private static func isDataMember(_ bytes: UnsafeRawPointer) -> Bool {
        RecordFormat.difference(bytes, ",\"data\":") == 0
    }

    /// Reads the members from the type on. Unknown members are skipped; `data` is the last.
    static func event(
        in line: UnsafeRawBufferPointer, sequence: UInt64, _ names: RecordNames?,
        _ hasPayload: Bool
    ) throws(Unreadable) -> Event {
        guard line.count >= RecordFormat.minimumLine else { throw Unreadable(member: "length") }
        guard let time = time(line, RecordFormat.time) else { throw Unreadable(member: "time") }
        guard let high = Digits.hexadecimal(line, RecordFormat.correlation, 16),
            let low = Digits.hexadecimal(line, RecordFormat.correlation + 16, 16)
        else { throw Unreadable(member: "correlationid") }
        let correlation = EventID(high: high, low: low)
        if let names,
            let event = plainEvent(
                in: line, sequence: sequence, time: time, correlation: correlation, names,
                hasPayload)
        {
            return event
        }
        var members = Members()
        // One byte back, to the quote before the type.
        var scanner = JSONScanner(line, from: RecordFormat.type - 1)
        guard let type = scanner.takeString(),
            line[type].allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { throw Unreadable(member: "type") }
        var payload: Range<Int>?
        while payload == nil, scanner.take(UInt8(ascii: ",")) {
            guard let key = scanner.takeString(), scanner.take(UInt8(ascii: ":")) else {
                throw Unreadable(member: "a member after byte \(scanner.position)")
            }
            let name = UnsafeRawBufferPointer(rebasing: line[key])
            if equal(name, "data") {
                // A line may end here and have the right checksum all the same.
                guard scanner.position < line.count else { throw Unreadable(member: "data") }
                payload = scanner.position..<line.count - 1
            } else if let index = Members.names.firstIndex(where: { equal(name, $0) }) {
                guard let value = scanner.takeString() else {
                    throw Unreadable(member: "\(Members.names[index])")
                }
                members.ranges[index] = value
            } else if !scanner.skipScalar() {
                throw Unreadable(member: String(decoding: name, as: UTF8.self))
            }
        }
        guard let payload, !payload.isEmpty, line[line.count - 1] == UInt8(ascii: "}") else {
            throw Unreadable(member: "data")
        }
        let name = UnsafeRawBufferPointer(rebasing: line[type])
        return Event(
            sequence: sequence, id: try members.id(0, in: line),
            type: names?.type(name) ?? String(decoding: name, as: UTF8.self),
            version: try members.number(4, in: line),
            subject: try members.subject(1, in: line, names), time: time,
            actor: try members.actor(3, in: line, names),
            causation: members.ranges[2] == nil ? nil : try members.id(2, in: line),
            correlation: correlation, payload: hasPayload ? Array(line[payload]) : [])
    }

    private struct Members {
        static let names: [StaticString] = ["id", "subject", "causationid", "actor", "dataversion"]
        var ranges: [5 of Range<Int>?] = .init(repeating: nil)

        private func bytes(
            _ index: Int, in line: UnsafeRawBufferPointer
        ) throws(Unreadable) -> UnsafeRawBufferPointer {
            guard let range = ranges[index] else {
                throw Unreadable(member: "\(Members.names[index])")
            }
            return UnsafeRawBufferPointer(rebasing: line[range])
        }

        func id(_ index: Int, in line: UnsafeRawBufferPointer) throws(Unreadable) -> EventID {
            let digits = try bytes(index, in: line)
            guard digits.count == 32, let high = Digits.hexadecimal(digits, 0, 16),
                let low = Digits.hexadecimal(digits, 16, 16)
            else { throw Unreadable(member: "\(Members.names[index])") }
            return EventID(high: high, low: low)
        }

        func text(_ index: Int, in line: UnsafeRawBufferPointer) throws(Unreadable) -> String {
            guard let text = JSONText.unescape(try bytes(index, in: line)) else {
                throw Unreadable(member: "\(Members.names[index])")
            }
            return text
        }

        func subject(
            _ index: Int, in line: UnsafeRawBufferPointer, _ names: RecordNames?
        ) throws(Unreadable) -> Subject {
            guard let names else { return Subject(parsing: try text(index, in: line)) }
            guard let subject = names.subject(try bytes(index, in: line)) else {
                throw Unreadable(member: "\(Members.names[index])")
            }
            return subject
        }

        func actor(
            _ index: Int, in line: UnsafeRawBufferPointer, _ names: RecordNames?
        ) throws(Unreadable) -> Actor {
            guard let names else { return Actor(parsing: try text(index, in: line)) }
            guard let actor = names.actor(try bytes(index, in: line)) else {
                throw Unreadable(member: "\(Members.names[index])")
            }
            return actor
        }

        func number(_ index: Int, in line: UnsafeRawBufferPointer) throws(Unreadable) -> Int {
            let digits = try bytes(index, in: line)
            // Nearly all layouts have one digit.
            if digits.count == 1, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(digits[0]) {
                return Int(digits[0] - UInt8(ascii: "0"))
            }
            guard let value = Int(try text(index, in: line)), value >= 1 else {
                throw Unreadable(member: "\(Members.names[index])")
            }
            return value
        }
    }

    static func equal(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        bytes.count == name.utf8CodeUnitCount
            && bytes.elementsEqual(
                UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}
