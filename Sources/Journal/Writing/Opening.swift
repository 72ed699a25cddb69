import Checksums
import Glibc
import LinuxSystem
import Millrace

/// Opens the end of a log: finds it, judges what follows it, cuts a torn tail.
struct Opening {
    let segment: ActiveSegment
    let headFile: HeadWriter
    let report: RecoveryReport
    /// The sequence of the next record.
    let next: UInt64

    init(directory: FilePath, configuration: JournalConfiguration) throws(JournalError) {
        let storage = configuration.storage
        let log = LogDirectory(path: directory, storage: storage)
        let noted = try log.head()
        let segments = try log.segments()
        var damages: [Damage] = []
        var scan: TailScan?
        if let last = segments.last {
            let before = try Opening.before(last, among: segments, in: log, &damages)
            scan = try TailScan(
                try SegmentFile(last, in: log), before: before, noted: noted?.head)
            damages += scan?.damages ?? []
            if damages.isEmpty, let isWhole = configuration.isWhole {
                try scan?.leaveOut(
                    of: try SegmentFile(last, in: log), noted: noted?.head, unless: isWhole)
            }
        } else if let noted, noted.head.sequence > 0 {
            damages.append(
                Damage(
                    segment: 1, sequence: 1, offset: 0,
                    flaw: .removed(through: noted.head.sequence)))
        }
        let indexed = noted == nil ? log.lastIndexed() : 0
        if damages.isEmpty, indexed > scan?.head.sequence ?? 0 {
            damages.append(
                Damage(
                    segment: segments.last ?? 1, sequence: (scan?.head.sequence ?? 0) + 1,
                    offset: scan?.end ?? 0, flaw: .removed(through: indexed)))
        }
        damages.removeAll { configuration.wasAccepted($0) }
        if !damages.isEmpty, !configuration.acceptDamage { throw .damaged(damages) }

        var head = scan?.head ?? .empty
        if !damages.isEmpty, let noted, noted.head.sequence >= scan?.highest ?? 0 {
            head = noted.head
        }
        let highest =
            damages.isEmpty ? head.sequence : max(scan?.highest ?? 0, head.sequence, indexed)
        next = highest + 1
        var report = RecoveryReport(
            head: head, time: scan?.time ?? Timestamp(microseconds: 0), accepted: damages,
            isHeadHalf: noted?.remains != nil)
        if noted == nil, highest > 0 {
            report.headLoss = JournalRecovered(headFile: log.headLoss(), last: head.sequence)
        }
        do throws(SystemError) {
            if let scan, let last = segments.last, damages.isEmpty {
                if scan.isTorn {
                    report.cut = try Opening.keep(scan, of: last, in: directory, storage)
                }
                segment = try ActiveSegment(
                    opening: last, in: directory, end: scan.end, reserve: configuration.reserve,
                    storage: storage)
                if scan.isTorn { try segment.cut() }
                try segment.rewrite(min(scan.unproven, scan.end)..<scan.end)
            } else {
                segment = try ActiveSegment(
                    making: next, in: directory, reserve: configuration.reserve, storage: storage)
            }
            headFile = try HeadWriter(
                in: directory, head: head, epoch: (noted?.epoch ?? 0) &+ 1,
                waits: report.headLoss != nil, storage: storage)
            try Retry.interrupted { () throws(SystemError) in
                try storage.syncDirectory(directory)
            }
        } catch {
            throw .system(error)
        }
        report.segments = segments.count + (damages.isEmpty && scan != nil ? 0 : 1)
        self.report = report
    }

    /// The end of the log before the last segment.
    private static func before(
        _ last: UInt64, among segments: [UInt64], in log: LogDirectory,
        _ damages: inout [Damage]
    ) throws(JournalError) -> (sequence: UInt64, hash: SHA256.Value?, time: Timestamp) {
        let start = Timestamp(microseconds: Int64.min)
        if last == 1 { return (0, .zero, start) }
        guard segments.count > 1 else { return (last - 1, nil, start) }
        let sealed = segments[segments.count - 2]
        let record = try SegmentFile(sealed, in: log).lastRecord()
        guard let record, record.sequence == last - 1 else {
            damages.append(
                Damage(
                    segment: sealed, sequence: last - 1, offset: record?.offset ?? 0,
                    flaw: record.map { .sequence(found: $0.sequence) } ?? .cutShort))
            return (last - 1, nil, record?.time ?? start)
        }
        return (last - 1, record.hash, record.time)
    }

    /// Copies what is to be cut into a file of its own, durably, before it is cut.
    private static func keep(
        _ scan: TailScan, of segment: UInt64, in directory: FilePath, _ storage: any Storage
    ) throws(SystemError) -> CutTail {
        let name = "torn-\(SegmentName.of(segment).dropLast(6))-\(scan.end)"
        let taken = try Retry.interrupted { () throws(SystemError) in
            try storage.names(in: directory)
        }
        var path = directory.appending(name)
        var attempt = 1
        while taken.contains(path.name) {
            attempt += 1
            path = directory.appending("\(name)-\(attempt)")
        }
        let source = try StoredFile(
            directory.appending(SegmentName.of(segment)), O_RDONLY | O_NOFOLLOW, storage: storage)
        let target = try StoredFile(
            path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, storage: storage)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        defer { chunk.deallocate() }
        var position = scan.end
        // Where the torn bytes end and the reserved room begins.
        var useful = 0
        while true {
            let count = try source.read(chunk, at: position)
            let bytes = UnsafeRawBufferPointer(rebasing: chunk[..<count])
            try target.writeAll(bytes, at: position - scan.end)
            if let last = bytes.lastIndex(where: { $0 != RecordFormat.newline }) {
                useful = position - scan.end + last + 1
            }
            position += count
            if count < chunk.count { break }
        }
        try target.truncate(to: useful)
        try target.syncData()
        return CutTail(
            segment: SegmentName.of(segment), offset: scan.end, bytes: useful, keptAs: path)
    }
}
