import Checksums
package import LinuxSystem
package import Millrace

/// What was found and done when the journal was opened.
package struct RecoveryReport: Sendable {
    /// The end of the log after recovery.
    package internal(set) var head: JournalHead
    package internal(set) var time: Timestamp
    /// Bytes at the end that were never acknowledged, and were cut off.
    package internal(set) var cut: CutTail?
    /// Damage that was found and accepted, because the configuration said so.
    package internal(set) var accepted: [Damage] = []
    /// There were records and no head: whether others were cut from the end, nothing shows.
    package internal(set) var headLoss: JournalRecovered?
    /// One of the two copies of the head was not whole; the other one was used.
    package internal(set) var isHeadHalf = false
    package internal(set) var segments = 0
}

/// A torn tail: what a crash left of a write that was never acknowledged.
package struct CutTail: Equatable, Sendable {
    package let segment: String
    package let offset: Int
    package let bytes: Int
    /// Where the bytes were kept, for whoever wants to look.
    package let keptAs: FilePath
}

/// Reads the last segment and decides where the log ends. Changes nothing on the disk.
struct TailScan {
    /// The last record of the last whole batch, and where it ends.
    private(set) var head: JournalHead
    private(set) var time: Timestamp
    private(set) var end: Int
    /// The watermark of the last good record.
    private(set) var durable: UInt64 = 0
    /// Where the first record begins that no later one proves to have been on the disk.
    private(set) var unproven = 0
    /// How far the segment holds anything but filler.
    private(set) var used: Int
    private(set) var damages: [Damage] = []
    /// Something after `end` is to be cut.
    private(set) var isTorn = false
    /// The highest sequence that is known to have been used: numbers are never used again.
    private(set) var highest: UInt64

    /// - Parameters:
    ///   - before: the head at the segment's beginning; the hash nil when it cannot be known,
    ///     because the segments before are archived.
    ///   - noted: the head that the head file names.
    init(
        _ file: SegmentFile, before: (sequence: UInt64, hash: SHA256.Value?, time: Timestamp),
        noted: JournalHead?
    ) throws(JournalError) {
        head = JournalHead(sequence: before.sequence, hash: before.hash ?? .zero)
        time = before.time
        end = 0
        used = 0
        highest = max(before.sequence, noted?.sequence ?? 0)
        var previous = before.hash
        var last = before.sequence
        var offset = 0
        var flaw: Flaw?
        // Records of a batch whose end has not been seen yet.
        var expectedIndex = 1
        while flaw == nil {
            let (scan, record) = try file.scan(at: offset)
            guard case .record(let length, let sequence) = scan, let record else {
                switch scan {
                case .bad(let found): flaw = found
                case .filler where try file.firstByteThatIsNoFiller(from: offset) != nil:
                    flaw = .notARecord
                default: break
                }
                break
            }
            if sequence != last + 1 {
                flaw = .sequence(found: sequence)
            } else if let previous, !record.follows(previous) {
                flaw = .chain
            } else if record.batchIndex != expectedIndex {
                flaw = .batch
            } else {
                let hash = record.hash
                if let noted, noted.sequence == sequence, noted.hash != hash {
                    flaw = .replaced
                    break
                }
                previous = hash
                last = sequence
                offset += length
                durable = max(durable, record.durable)
                if record.durable == sequence - 1 { unproven = offset - length }
                expectedIndex += 1
                if record.batchIndex == record.batchCount {
                    expectedIndex = 1
                    head = JournalHead(sequence: sequence, hash: hash)
                    time = max(time, record.time)
                    end = offset
                }
            }
        }
        used = offset
        highest = max(highest, last)
        try judge(file, flaw: flaw, at: offset, last: last, noted: noted)
    }

    /// Torn or rotten? What the last whole batch is followed by is a torn tail, unless something
    /// proves that it was on the disk: a watermark, or the head file.
    private mutating func judge(
        _ file: SegmentFile, flaw: Flaw?, at offset: Int, last: UInt64, noted: JournalHead?
    ) throws(JournalError) {
        var proven = max(durable, noted?.sequence ?? 0)
        if let flaw {
            let evidence = try file.highestWatermark(from: offset)
            proven = max(proven, evidence.durable)
            highest = max(highest, evidence.sequence)
            let size = try file.size()
            used = max(offset, size)
            if flaw == .replaced || proven > last {
                damages.append(
                    Damage(segment: file.first, sequence: last + 1, offset: offset, flaw: flaw))
                return
            }
        }
        if proven > head.sequence, damages.isEmpty {
            let flaw: Flaw = last > head.sequence ? .batch : .removed(through: proven)
            damages.append(
                Damage(segment: file.first, sequence: head.sequence + 1, offset: end, flaw: flaw))
            return
        }
        isTorn = flaw != nil || last > head.sequence
    }

    /// Takes back what the last commit wrote, from the first batch on that is not whole: commits follow
    /// each other, so nobody was told of it, nor of anything behind it.
    mutating func leaveOut(
        of file: SegmentFile, noted: JournalHead?, unless isWhole: (Event) -> Bool
    ) throws(JournalError) {
        var offset = unproven
        var batch: (head: JournalHead, offset: Int)?
        while offset < end,
            case (.record(let length, let sequence), let record?) = try file.scan(at: offset)
        {
            if record.batchIndex == 1, let previous = record.previous {
                batch = (JournalHead(sequence: sequence - 1, hash: previous), offset)
            }
            if sequence > noted?.sequence ?? 0, let batch, !isWhole(try record.event()) {
                (head, end, isTorn) = (batch.head, batch.offset, true)
                return
            }
            offset += length
        }
    }
}
