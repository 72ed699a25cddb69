import Checksums
package import LinuxSystem

/// What a verification found.
package struct VerificationReport: Sendable {
    /// The last record that could be verified.
    package internal(set) var head: JournalHead
    /// The first record that is there; 1 unless older segments were archived.
    package internal(set) var first: UInt64 = 0
    package internal(set) var records: UInt64 = 0
    package internal(set) var segments = 0
    package internal(set) var bytes = 0
    package internal(set) var damages: [Damage] = []
    /// The stretches of records that are whole and bound to each other, in order. Without damage
    /// there is one.
    package internal(set) var provable: [ClosedRange<UInt64>] = []
    /// Whether the log extends the head that was given; nil when none was.
    package internal(set) var extendsHead: Bool?
    /// The file `head` is missing or not whole.
    package internal(set) var headIsMissing = false

    package var isOK: Bool { damages.isEmpty && extendsHead != false }
}

/// Checks a journal from end to end: checksums, sequence, chain, batches, the head file. Takes no
/// lock, and may run while the journal is written: it stops where the log ended when it began.
package enum JournalVerifier {
    /// - Parameter sinceHead: an older head; the report says whether the log extends it.
    package static func verify(
        _ directory: FilePath, sinceHead: JournalHead? = nil
    ) throws(JournalError) -> VerificationReport {
        do throws(SystemError) {
            var walk = VerificationWalk(
                noted: try HeadFile.read(in: directory)?.head, sinceHead: sinceHead)
            let noted = try HeadFile.read(in: directory)
            walk.report.headIsMissing = noted?.isHalf ?? true
            for first in try SegmentName.all(in: directory) {
                let file = try SegmentFile(first, in: directory)
                try walk.segment(file)
            }
            return walk.finish()
        } catch {
            throw .system(error)
        }
    }
}

/// The state of a verification between two records.
private struct VerificationWalk {
    var report = VerificationReport(head: .empty)
    private let noted: JournalHead?
    private let sinceHead: JournalHead?
    private var expected: UInt64 = 1
    private var previous: SHA256.Value? = .zero
    private var batchIndex = 1
    private var stretchStart: UInt64?
    private var isFirstSegment = true

    init(noted: JournalHead?, sinceHead: JournalHead?) {
        self.noted = noted
        self.sinceHead = sinceHead
        if let sinceHead { report.extendsHead = sinceHead.sequence == 0 }
    }

    mutating func segment(_ file: SegmentFile) throws(SystemError) {
        if isFirstSegment, file.first > 1 {
            // What came before is archived; its hash cannot be known here.
            expected = file.first
            previous = nil
        }
        isFirstSegment = false
        report.segments += 1
        if file.first != expected {
            add(Damage(segment: file.first, sequence: expected, offset: 0, flaw: .missingSegment))
            expected = file.first
            previous = nil
        }
        var offset = 0
        while true {
            let (scan, record) = try file.scan(at: offset)
            if case .record(let length, let sequence) = scan, let record {
                if sequence > noted?.sequence ?? .max, isBeyondEnd(record) { return }
                if let flaw = check(record) {
                    add(
                        Damage(
                            segment: file.first, sequence: expected, offset: offset, flaw: flaw))
                }
                take(record)
                offset += length
                report.bytes += length
                continue
            }
            let size = try file.size()
            let rest = try file.firstByteThatIsNoFiller(from: offset)
            guard let rest else { break }
            if try !damaged(scan, at: rest, in: file, &offset) { break }
            if offset >= size { break }
        }
    }

    /// Records after the noted head are only those that the writer is about to acknowledge; the next
    /// start decides about them.
    private func isBeyondEnd(_ record: RawRecord) -> Bool { record.sequence == expected }

    private func check(_ record: RawRecord) -> Flaw? {
        if record.sequence != expected { return .sequence(found: record.sequence) }
        if let previous, record.previous != previous { return .chain }
        if record.batchIndex != batchIndex { return .batch }
        return nil
    }

    private mutating func take(_ record: RawRecord) {
        let hash = record.hash
        if let noted, noted.sequence == record.sequence, noted.hash != hash {
            add(
                Damage(
                    segment: record.segment, sequence: record.sequence, offset: record.offset,
                    flaw: .replaced))
        }
        if let sinceHead, sinceHead.sequence == record.sequence {
            report.extendsHead = sinceHead.hash == hash
        }
        if report.records == 0 { report.first = record.sequence }
        if stretchStart == nil { stretchStart = record.sequence }
        report.records += 1
        report.head = JournalHead(sequence: record.sequence, hash: hash)
        expected = record.sequence + 1
        previous = hash
        batchIndex = record.batchIndex == record.batchCount ? 1 : record.batchIndex + 1
    }

    /// Notes damage and finds the next record that is whole. False: there is none in the segment.
    private mutating func damaged(
        _ scan: Scan, at place: Int, in file: SegmentFile, _ offset: inout Int
    ) throws(SystemError) -> Bool {
        if expected > noted?.sequence ?? .max { return false }
        add(
            Damage(
                segment: file.first, sequence: expected, offset: offset,
                flaw: CursorFailure.flaw(scan)))
        var candidate = try file.nextCandidate(from: offset + 1)
        while let start = candidate {
            let (scan, record) = try file.scan(at: start)
            if case .record(_, let sequence) = scan, let record, sequence > expected {
                offset = start
                expected = sequence
                previous = nil
                batchIndex = record.batchIndex
                return true
            }
            candidate = try file.nextCandidate(from: start + 1)
        }
        previous = nil
        return false
    }

    private mutating func add(_ damage: Damage) {
        endStretch()
        report.damages.append(damage)
    }

    private mutating func endStretch() {
        if let start = stretchStart, start < expected {
            report.provable.append(start...expected - 1)
        }
        stretchStart = nil
    }

    mutating func finish() -> VerificationReport {
        endStretch()
        if let noted, noted.sequence >= expected {
            report.damages.append(
                Damage(
                    segment: report.first, sequence: expected, offset: 0,
                    flaw: .removed(through: noted.sequence)))
        }
        return report
    }
}
