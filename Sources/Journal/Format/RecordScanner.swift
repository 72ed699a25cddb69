/// What is at one place of a segment. Pure: looks at bytes, touches no file.
enum Scan: Equatable {
    /// A record whose checksum, length and layout are right.
    case record(length: Int, sequence: UInt64)
    /// The bytes stop before anything can be said: as many are needed.
    case needs(Int)
    /// A newline where a record would begin: reserved room, if only newlines follow.
    case filler
    case bad(Flaw)
}

extension Scan {
    /// What is wrong when something else belongs here.
    var flaw: Flaw {
        switch self {
        case .bad(let flaw): flaw
        case .record(_, let sequence): .sequence(found: sequence)
        case .needs: .cutShort
        case .filler: .notARecord
        }
    }
}

/// What is wrong with a piece of a segment.
package enum Flaw: Equatable, Sendable, CustomStringConvertible {
    /// No record begins here.
    case notARecord
    /// The checksum is right and the line is laid out otherwise than this version writes.
    case layout
    case checksum
    /// The file ends within the record.
    case cutShort
    /// A whole record with another sequence than the one that belongs here.
    case sequence(found: UInt64)
    /// The record's `previous` is not the hash of the record before it.
    case chain
    /// The records of a batch do not follow each other, or its end is missing.
    case batch
    /// The hash of a record is not the one that was noted in the head file when it was written.
    case replaced
    /// Its time is earlier than that of the record before it.
    case time
    /// Records that were on the disk are gone from the end of the log.
    case removed(through: UInt64)
    /// A segment is missing.
    case missingSegment
    /// The file cannot be read.
    case unreadable(String)

    package var description: String {
        switch self {
        case .notARecord: "no record begins here"
        case .layout: "the line is laid out otherwise than this version writes"
        case .checksum: "the checksum does not match"
        case .cutShort: "the file ends within the record"
        case .sequence(let found): "record \(found) is in its place"
        case .chain: "the hash of the record before it does not match"
        case .batch: "its batch is not whole"
        case .replaced: "it is not the record that was written"
        case .time: "its time is earlier than that of the record before it"
        case .removed(let last): "records up to \(last) were removed from the end"
        case .missingSegment: "its segment is missing"
        case .unreadable(let reason): "it cannot be read: \(reason)"
        }
    }
}

/// A record that is whole: its checksum, length and layout are right.
struct WholeRecord {
    let length: Int
    let sequence: UInt64
}

enum RecordScanner {
    /// Looks at the record that begins with the first of the bytes. `isEnd`: the file has no more.
    static func scan(_ bytes: UnsafeRawBufferPointer, isEnd: Bool) -> Scan {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            return .needs(RecordFormat.minimumLine)
        }
        if bytes[0] == RecordFormat.newline { return .filler }
        guard bytes.count >= RecordFormat.minimumLine else {
            return isEnd ? .bad(.cutShort) : .needs(RecordFormat.minimumLine)
        }
        guard let length = length(bytes, base) else { return .bad(.notARecord) }
        guard bytes.count >= length else { return isEnd ? .bad(.cutShort) : .needs(length) }
        guard isSound(bytes, base, length) else { return .bad(.checksum) }
        guard let sequence = sequence(bytes, base) else { return .bad(.layout) }
        return .record(length: length, sequence: sequence)
    }

    /// The same for what is nearly always there: nil for anything but a whole record.
    @inline(__always)
    static func whole(_ bytes: UnsafeRawBufferPointer) -> WholeRecord? {
        guard bytes.count >= RecordFormat.minimumLine, let base = bytes.baseAddress,
            let length = length(bytes, base), bytes.count >= length,
            isSound(bytes, base, length), let sequence = sequence(bytes, base)
        else { return nil }
        return WholeRecord(length: length, sequence: sequence)
    }

    /// The length of a record that was found whole before, in these very bytes.
    @inline(__always)
    static func lengthOfChecked(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= RecordFormat.minimumLine, let base = bytes.baseAddress,
            let length = length(bytes, base), bytes.count >= length
        else { return nil }
        return length
    }

    @inline(__always)
    private static func length(
        _ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer
    ) -> Int? {
        guard RecordFormat.difference(base, "{\"crc\":\"") == 0,
            let length = Digits.decimal(bytes, RecordFormat.length, 8).map({ Int($0) }),
            (RecordFormat.minimumLine...RecordFormat.maximumLine).contains(length)
        else { return nil }
        return length
    }

    @inline(__always)
    private static func isSound(
        _ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer, _ length: Int
    ) -> Bool {
        let crc = RecordFormat.checksum(bytes, end: length - 1)
        return bytes[length - 1] == RecordFormat.newline
            && base.loadUnaligned(fromByteOffset: RecordFormat.crc, as: UInt64.self)
                == Digits.hexadecimalWord(crc)
    }

    /// The sequence of a line that is laid out as this version writes it.
    @inline(__always)
    private static func sequence(
        _ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer
    ) -> UInt64? {
        guard RecordFormat.hasLayout(base),
            let sequence = Digits.decimal(bytes, RecordFormat.sequence, 20), sequence > 0,
            // Far from overflow, whatever is added to it.
            sequence < 1 << 62,
            Digits.isCounting(bytes, RecordFormat.batch, 5)
        else { return nil }
        return sequence
    }
}
