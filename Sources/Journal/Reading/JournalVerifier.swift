import Checksums
import Glibc
package import LinuxSystem
import Millrace
import Synchronization

/// What a verification found.
package struct VerificationReport: Sendable {
    /// The last record that could be verified.
    package internal(set) var head = JournalHead.empty
    /// The first record that is there.
    package internal(set) var first: UInt64 = 0
    package internal(set) var records: UInt64 = 0
    package internal(set) var segments = 0
    /// Of records; reserved room does not count.
    package internal(set) var bytes = 0
    package internal(set) var damages: [Damage] = []
    /// The stretches of records that are whole and bound to each other, in order. Without damage
    /// there is one.
    package internal(set) var provable: [ClosedRange<UInt64>] = []
    /// How the log relates to the head that was given; nil when none was.
    package internal(set) var headProof: HeadProof?
    package internal(set) var headEvidence = HeadEvidence.noRecords
    /// Where bytes begin that were never acknowledged: a write in progress, or what a crash left of
    /// one. The next start cuts it off.
    package internal(set) var tornTail: Damage?
    /// The end of what was archived, and whether all of it could be read; nil when nothing was. What
    /// could not be read is bound by its hash alone, which the records that stayed name.
    package internal(set) var archive: (head: JournalHead, isRead: Bool)?
    /// Nil when the seals were not asked for.
    package internal(set) var seals: SealReport?

    /// Whether the log extends the head that was given; nil when none was, and when it is not proven.
    package var extendsHead: Bool? { headProof?.extendsHead }

    /// Everything that was asked is proven.
    package var isOK: Bool { damages.isEmpty && isWholeButForDamage }

    /// The same, whatever is damaged.
    package var isWholeButForDamage: Bool {
        headEvidence.isProof && headProof ?? .extends == .extends
    }
}

/// Checks a journal from end to end: checksums, sequence, chain, batches, times, the head file.
/// Takes no lock, and may run while the journal is written.
package enum JournalVerifier {
    /// - Parameters:
    ///   - sinceHead: an older head; the report says whether the log extends it.
    ///   - seals: compare the segments with the digests in their indexes, too, which takes as long
    ///     again; an index that is wrong is made anew.
    ///   - threads: how many segments are checked side by side; 0: as many as there are processors.
    package static func verify(
        _ directory: FilePath, sinceHead: JournalHead? = nil, seals: Bool = false, threads: Int = 0,
        storage: any Storage = LinuxStorage()
    ) throws(JournalError) -> VerificationReport {
        let log = LogDirectory(path: directory, storage: storage, archive: ArchiveLocator())
        // The head first: what is written after it is not expected, what it names must be there.
        let noted = try settledHead(log)
        let indexed = noted == nil || noted?.remains != nil ? log.lastIndexed() : 0
        let segments = try log.segments()
        // What a writer has not yet acknowledged may still vanish: it proves nothing.
        let limit = try log.hasWriter() ? noted?.head.sequence : nil
        let wanted = [
            noted?.head.sequence, noted?.remains?.sequence, sinceHead?.sequence,
        ].compactMap { $0 }
        let checks = try checkAll(
            segments, in: log, wanted: wanted, limit: limit ?? .max,
            seals: seals, threads: threads)
        var stitching = Stitching(noted: noted, indexed: indexed, sinceHead: sinceHead)
        if let archive = try log.archived(), let first = segments.first, let end = archive.ends.last
        {
            stitching.report.archive = (end, first == 1)
            if let before = archive.end(before: first) { stitching.begin(behind: before) }
        }
        for (index, check) in checks.enumerated() {
            stitching.add(check, isLast: index == checks.count - 1)
        }
        var report = stitching.finish(log.headLoss())
        if seals { report.seals = sealReport(checks, report.damages, in: log) }
        return report
    }

    /// A slot that is just being written is no damage.
    private static func settledHead(_ log: LogDirectory) throws(JournalError) -> HeadFile.Contents?
    {
        var head = try log.head()
        for _ in 0..<3 where head?.remains != nil {
            guard try log.hasWriter() else { break }
            head = try log.head()
        }
        return head
    }

    private static func sealReport(
        _ checks: [SegmentCheck], _ damages: [Damage], in log: LogDirectory
    ) -> SealReport {
        var seals = SealReport()
        let damaged = Set(damages.map(\.segment))
        for check in checks {
            check.seal?.add(
                check.first, isWhole: !damaged.contains(SegmentName.of(check.first)), in: log,
                to: &seals)
        }
        return seals
    }

    private static func checkAll(
        _ segments: [UInt64], in log: LogDirectory, wanted: [UInt64], limit: UInt64,
        seals: Bool, threads: Int
    ) throws(JournalError) -> [SegmentCheck] {
        let processors = threads > 0 ? threads : max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))
        let results = Mutex<[Int: Result<SegmentCheck, JournalError>]>([:])
        let next = Mutex(0)
        let work: @Sendable () -> Void = {
            while true {
                let index = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard index < segments.count else { return }
                let result = Result { () throws(JournalError) in
                    let first = segments[index]
                    var check = try SegmentCheck(
                        try SegmentFile(first, in: log), wanted: wanted, limit: limit)
                    if seals, index + 1 < segments.count { check.seal = SealCheck(first, in: log) }
                    return check
                }
                results.withLock { $0[index] = result }
            }
        }
        let helpers = (1..<max(1, min(processors, segments.count))).compactMap { _ in
            WorkThread(work)
        }
        work()
        for helper in helpers { helper.join() }
        let done = results.withLock { $0 }
        var checks: [SegmentCheck] = []
        for index in segments.indices {
            if let result = done[index] { checks.append(try result.get()) }
        }
        return checks
    }
}

/// Binds the checks of the segments to each other.
private struct Stitching {
    var report = VerificationReport()
    private let headFile: HeadFile.Contents?
    private var noted: JournalHead? { headFile?.head }
    /// A record that something outside the log shows to have been on the disk.
    private let witnessed: UInt64
    /// What is left of a slot of the head names a record that is there.
    private var isRemainsKnown = false
    private let sinceHead: JournalHead?
    /// What was found of it: its record's hash, and what the next record says that it is.
    private var sinceHash: (own: SHA256.Value?, named: SHA256.Value?)
    /// The end of what is out of reach.
    private var beginning: JournalHead?
    private var expected: UInt64?
    private var hash: SHA256.Value? = .zero
    private var lastSegment: UInt64 = 1
    private var batchEnd: UInt64 = 0
    private var durable: UInt64 = 0
    private var lastEnd = 0
    /// The segment before has damage at its end, which accounts for what is missing.
    private var endsDamaged = false

    init(noted: HeadFile.Contents?, indexed: UInt64, sinceHead: JournalHead?) {
        headFile = noted
        self.sinceHead = sinceHead
        witnessed = max(noted?.head.sequence ?? 0, indexed)
        // Both copies say the same after a start, and that of an empty log names no record.
        if let remains = noted?.remains {
            isRemainsKnown = remains.names(.empty) || noted.map { remains.names($0.head) } == true
        }
    }

    /// What comes before is out of reach.
    mutating func begin(behind head: JournalHead) {
        expected = head.sequence + 1
        hash = head.hash
        beginning = head
    }

    mutating func add(_ check: SegmentCheck, isLast: Bool) {
        if report.segments == 0 { report.first = check.first }
        report.segments += 1
        lastSegment = check.first
        lastEnd = check.end
        var found = check.damages
        if let expected, check.first != expected, !endsDamaged {
            found.insert(
                Damage(
                    segment: check.first, sequence: expected, offset: 0, flaw: .missingSegment),
                at: 0)
        } else if expected == nil, check.first != 1 {
            found.insert(
                Damage(segment: 1, sequence: 1, offset: 0, flaw: .missingSegment), at: 0)
        } else if expected != nil || check.first == 1, let hash,
            let previous = check.firstPrevious, previous != hash
        {
            found.insert(
                Damage(segment: check.first, sequence: check.first, offset: 0, flaw: .chain),
                at: 0)
        }
        let isBound = expected != nil && found.first?.offset != 0
        for (index, stretch) in check.stretches.enumerated() {
            if index == 0, isBound, let last = report.provable.last,
                last.upperBound + 1 == stretch.lowerBound
            {
                report.provable[report.provable.count - 1] = last.lowerBound...stretch.upperBound
            } else {
                report.provable.append(stretch)
            }
        }
        durable = max(durable, check.durable)
        batchEnd = max(batchEnd, check.batchEnd)
        if let tail = check.tail {
            let proven = max(durable, witnessed)
            if !isLast || proven >= tail.sequence {
                found.append(tail)
            } else {
                report.tornTail = tail
            }
        }
        if !isLast, check.tail == nil, let last = check.last, last.head.sequence > check.batchEnd {
            found.append(
                Damage(
                    segment: check.first, sequence: check.batchEnd + 1, offset: check.bytes,
                    flaw: .batch))
        }
        compare(check, &found)
        report.damages += found
        report.records += check.records
        report.bytes += check.bytes
        expected = (check.last?.head.sequence ?? check.first - 1) + 1
        if check.tail != nil { hash = nil } else if let last = check.last { hash = last.head.hash }
        if let last = check.last { report.head = last.head }
        endsDamaged = check.tail != nil
    }

    /// Compares with the heads that are known from elsewhere.
    private mutating func compare(_ check: SegmentCheck, _ found: inout [Damage]) {
        if let noted, let hash = check.hashes[noted.sequence], hash != noted.hash {
            found.append(
                Damage(
                    segment: check.first, sequence: noted.sequence, offset: 0, flaw: .replaced))
        }
        if let sequence = sinceHead?.sequence {
            sinceHash.own = check.hashes[sequence] ?? sinceHash.own
            sinceHash.named = check.named[sequence] ?? sinceHash.named
        }
        if let remains = headFile?.remains, let sequence = remains.sequence,
            let hash = check.hashes[sequence],
            remains.names(JournalHead(sequence: sequence, hash: hash))
        {
            isRemainsKnown = true
        }
    }

    /// - Parameter loss: why there is no head, if there is none.
    mutating func finish(_ loss: @autoclosure () -> JournalRecovered.HeadLoss) -> VerificationReport
    {
        let proven = max(durable, witnessed)
        if report.tornTail == nil, report.damages.isEmpty, report.head.sequence > batchEnd {
            let flaw = Damage(
                segment: lastSegment, sequence: batchEnd + 1, offset: lastEnd, flaw: .batch)
            if proven > batchEnd { report.damages.append(flaw) } else { report.tornTail = flaw }
        }
        if proven > report.head.sequence, report.damages.last?.flaw != .removed(through: proven) {
            report.damages.append(
                Damage(
                    segment: lastSegment, sequence: report.head.sequence + 1, offset: lastEnd,
                    flaw: .removed(through: proven)))
        }
        if headFile?.remains != nil {
            report.headEvidence = isRemainsKnown ? .oneCopyDamaged : .newerCopyUnknown
        } else if headFile != nil {
            report.headEvidence = .whole
        } else if report.records > 0 || !report.damages.isEmpty {
            report.headEvidence = loss() == .missing ? .missing : .damaged
        }
        report.headProof = sinceHead.map { proof(of: $0) }
        return report
    }

    private func proof(of head: JournalHead) -> HeadProof {
        if let beginning, head.sequence < beginning.sequence {
            return .archived(through: beginning.sequence)
        }
        if head.sequence == 0 || head.sequence == beginning?.sequence {
            guard head == beginning ?? .empty else { return .otherHistory }
        } else if let found = sinceHash.own ?? sinceHash.named {
            // Where the record itself is damaged, the one after it says what it was.
            guard found == head.hash else { return .otherHistory }
        } else {
            let isDamaged = report.damages.contains {
                if case .removed = $0.flaw { return false }
                return $0.sequence <= head.sequence && $0.sequence > report.head.sequence
            }
            return head.sequence > report.head.sequence && !isDamaged
                ? .shorter(last: report.head.sequence) : .unreadable
        }
        let broken = report.damages.map(\.sequence).filter { $0 > head.sequence }.min()
        return broken.map { .broken(after: $0 - 1) } ?? .extends
    }
}
