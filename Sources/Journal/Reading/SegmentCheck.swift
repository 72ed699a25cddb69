import Checksums
import LinuxSystem
import Millrace

/// Walks one segment from end to end and notes everything that is wrong inside it. What binds it to
/// its neighbours is for the caller to compare, so segments can be checked side by side.
struct SegmentCheck: Sendable {
    let first: UInt64
    private(set) var damages: [Damage] = []
    /// The runs of records that are whole and bound to each other.
    private(set) var stretches: [ClosedRange<UInt64>] = []
    private(set) var records: UInt64 = 0
    private(set) var bytes = 0
    /// The `previous` of the first record, when the first record is whole.
    private(set) var firstPrevious: SHA256.Value?
    private(set) var firstTime: Timestamp?
    private(set) var last: (head: JournalHead, time: Timestamp)?
    /// The highest watermark that was seen.
    private(set) var durable: UInt64 = 0
    /// The last record of a whole batch.
    private(set) var batchEnd: UInt64 = 0
    /// Bytes after which nothing whole comes.
    private(set) var tail: Damage?
    /// The hashes of the records that the caller asked for.
    private(set) var hashes: [UInt64: SHA256.Value] = [:]
    /// What the records that come after those name as the one before them.
    private(set) var named: [UInt64: SHA256.Value] = [:]
    /// Where the last whole record ends.
    private(set) var end = 0

    /// Whether it is what was sealed, when that was asked for.
    var seal: SealCheck?

    private var expected: UInt64
    private var previous: SHA256.Value?
    /// The record after the one that was looked at, when both were hashed together.
    private var ahead: (record: RawRecord, hash: SHA256.Value)?
    private var batchIndex = 1
    private var stretchStart: UInt64?

    /// - Parameters:
    ///   - wanted: sequences whose hashes are to be kept.
    ///   - limit: what comes after this record is not looked at.
    init(_ file: SegmentFile, wanted: [UInt64], limit: UInt64) throws(JournalError) {
        first = file.first
        expected = file.first
        var offset = 0
        while expected <= limit {
            var found = ahead?.record.offset == offset ? ahead?.record : nil
            var scan = Scan.filler
            if found == nil {
                ahead = nil
                (scan, found) = try file.scan(at: offset)
            }
            if let record = found {
                if let flaw = flaw(of: record) {
                    add(flaw, at: offset)
                    expected = record.sequence
                }
                take(record, hash: hash(of: record, in: file), wanted: wanted)
                offset += record.length
                continue
            }
            guard try file.firstByteThatIsNoFiller(from: offset) != nil else { break }
            ahead = nil
            guard try goOn(after: scan, in: file, &offset) else { break }
        }
        endStretch()
    }

    /// Two records are hashed together where the next one is at hand, which is nearly twice as fast.
    private mutating func hash(of record: RawRecord, in file: SegmentFile) -> SHA256.Value {
        if let known = ahead, known.record.offset == record.offset {
            ahead = nil
            return known.hash
        }
        let end = record.offset + record.length
        guard let next = file.record(at: end) else { return record.hash }
        let (hash, nextHash) = record.withLine { line in
            next.withLine { SHA256.hash(line, $0) }
        }
        ahead = (next, nextHash)
        return hash
    }

    private func flaw(of record: RawRecord) -> Flaw? {
        if record.sequence != expected { return .sequence(found: record.sequence) }
        if let previous, !record.follows(previous) { return .chain }
        if record.batchIndex != batchIndex, previous != nil || records == 0 { return .batch }
        if let last, record.time < last.time { return .time }
        return nil
    }

    private mutating func take(_ record: RawRecord, hash: SHA256.Value, wanted: [UInt64]) {
        let sequence = record.sequence
        if wanted.contains(sequence) { hashes[sequence] = hash }
        if wanted.contains(sequence &- 1) { named[sequence &- 1] = record.previous }
        if sequence == first, records == 0 {
            firstPrevious = record.previous
            firstTime = record.time
        }
        if stretchStart == nil { stretchStart = sequence }
        records += 1
        bytes += record.length
        end = record.offset + record.length
        durable = max(durable, record.durable)
        last = (JournalHead(sequence: sequence, hash: hash), record.time)
        expected = sequence + 1
        previous = hash
        let isLast = record.batchIndex == record.batchCount
        batchIndex = isLast ? 1 : record.batchIndex + 1
        if isLast { batchEnd = sequence }
    }

    /// Notes damage and finds the next record that is whole. False: there is none.
    private mutating func goOn(
        after scan: Scan, in file: SegmentFile, _ offset: inout Int
    ) throws(JournalError) -> Bool {
        let found = Damage(
            segment: file.first, sequence: expected, offset: offset, flaw: scan.flaw)
        var candidate = try file.nextCandidate(from: offset + 1)
        while let start = candidate {
            let (scan, _) = try file.scan(at: start)
            if case .record(_, let sequence) = scan {
                add(scan.flaw, found)
                offset = start
                // What is missing between is named; a record out of its place is named again.
                if sequence > expected { expected = sequence }
                previous = nil
                return true
            }
            candidate = try file.nextCandidate(from: start + 1)
        }
        tail = found
        return false
    }

    private mutating func add(_ flaw: Flaw, at offset: Int) {
        add(flaw, Damage(segment: first, sequence: expected, offset: offset, flaw: flaw))
    }

    private mutating func add(_ flaw: Flaw, _ damage: Damage) {
        endStretch()
        damages.append(damage)
    }

    private mutating func endStretch() {
        if let start = stretchStart, let last, start <= last.head.sequence {
            stretches.append(start...last.head.sequence)
        }
        stretchStart = nil
    }
}
