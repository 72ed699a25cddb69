import LinuxSystem
package import Millrace

/// Walks through a journal in order, checking each record's checksum and sequence. Gives only whole
/// batches, and only what is known to be on the disk. Not for more than one thread at a time.
package final class JournalCursor {
    private let log: LogDirectory
    private let damage: DamagePolicy
    private let upcasters: Upcasters
    private var segments = SegmentList()
    private var segment: SegmentFile?
    /// Where the next record begins, and the sequence that belongs there.
    private var offset = 0
    private var expected: UInt64
    /// Records before this one are walked over and not shown.
    private let start: UInt64
    /// The head file says that records up to this one are on the disk.
    private var visible: UInt64 = 0
    /// Records up to this one may be shown, if their batch is whole.
    private var readable: UInt64 = 0
    /// Records up to this one are the rest of a batch that was seen whole.
    private var batchEnd: UInt64 = 0
    /// The segment's `fillings` when that was seen: while it stays, they need not be checked again.
    private var batchFilling = -1
    /// The last segment was seen to hold nothing but newlines from here to its end.
    private var roomSeen: (segment: UInt64, offset: Int)?

    init(
        _ log: LogDirectory, from sequence: UInt64, damage: DamagePolicy, upcasters: Upcasters
    ) {
        self.log = log
        self.damage = damage
        self.upcasters = upcasters
        start = sequence
        expected = sequence
    }

    /// Begins within a segment, at a place where the record with the sequence `expected` belongs
    /// because something whole is there, or right before it.
    init(
        _ log: LogDirectory, in file: SegmentFile, at offset: Int, expecting expected: UInt64,
        from sequence: UInt64, damage: DamagePolicy, upcasters: Upcasters
    ) {
        self.log = log
        self.damage = damage
        self.upcasters = upcasters
        segment = file
        self.offset = offset
        self.expected = expected
        start = sequence
    }

    /// The sequence of the record that comes next.
    package var position: UInt64 { max(expected, start) }

    /// The next record; nil at the end of what is there. It may be called again later.
    ///
    /// - Throws: `.damaged` where a record is not as it was written, unless the cursor was told to
    ///   skip such places; then it shows every record that is whole, also of a batch that is not.
    package func next() throws(JournalError) -> RawRecord? {
        var isSecondLook = false
        while true {
            guard let file = segment else {
                if try !enterFirstSegment() { return nil }
                continue
            }
            if expected <= batchEnd, file.fillings == batchFilling,
                let record = file.checkedRecord(at: offset, sequence: expected)
            {
                offset += record.length
                expected += 1
                if record.sequence >= start { return record }
                continue
            }
            var found = file.record(at: offset)
            var scan = Scan.filler
            if found == nil { (scan, found) = try file.scan(at: offset) }
            if let record = found, record.sequence == expected {
                guard try mayShow(record, in: file) else {
                    file.invalidate()
                    return nil
                }
                offset += record.length
                expected += 1
                if record.sequence >= start { return record }
                continue
            }
            if let found {
                scan = .record(length: found.length, sequence: found.sequence)
            }
            // The end of the log, the end of the segment, or damage.
            if try enterNextSegment() {
                isSecondLook = false
                continue
            }
            if !isSecondLook {
                guard try isCovered(in: file) else {
                    file.invalidate()
                    return nil
                }
                // The writer may have come this far since it was looked at.
                file.invalidate()
                isSecondLook = true
                continue
            }
            if try !skip(scan, in: file) { return nil }
            isSecondLook = false
        }
    }

    /// The next event, its payload brought up to date.
    package func nextEvent() throws(JournalError) -> Event? {
        guard let record = try next() else { return nil }
        return try event(of: record)
    }

    /// The next whole batch.
    package func nextBatch() throws(JournalError) -> [Event]? {
        guard let first = try next() else { return nil }
        var events = [try event(of: first)]
        let count = first.batchCount - first.batchIndex + 1
        while events.count < count, let record = try next() {
            events.append(try event(of: record))
        }
        return events
    }

    package func event(of record: RawRecord) throws(JournalError) -> Event {
        try upcasters.upcast(try record.event(names))
    }

    /// The record's type; made once for all records of the type.
    package func type(of record: RawRecord) -> String { record.withType { names.type($0) } }

    /// For whoever wants more than raw records.
    private lazy var names = RecordNames()

    /// Opens the segment that holds the position. False: there is none yet.
    private func enterFirstSegment() throws(JournalError) -> Bool {
        guard let first = try segments.holding(expected, in: log) else { return false }
        if first > expected, let archive = try log.archived(),
            archive.ends.contains(where: { $0.sequence + 1 >= first })
        {
            // It is elsewhere, and not damage. Who passes over damage does without it.
            if case .skip = damage {
            } else {
                throw .archived(through: first - 1, archive.first)
            }
        } else if first > expected {
            // What was there before is gone, and whoever folds a state must know.
            let found = Damage(segment: 1, sequence: expected, offset: 0, flaw: .missingSegment)
            guard let tell = try passes(found) else { throw .damaged([found]) }
            tell(found)
        }
        try enter(first)
        return true
    }

    private func enter(_ first: UInt64) throws(JournalError) {
        segment = try SegmentFile(first, in: log)
        batchFilling = -1
        offset = 0
        expected = first
    }

    /// Goes to the segment that begins with the expected record, when this one is at its end.
    private func enterNextSegment() throws(JournalError) -> Bool {
        guard let file = segment, file.first < expected,
            try segments.contains(expected, in: log)
        else { return false }
        // Only newlines may follow the last record: anything else would be skipped in silence.
        if try file.firstByteThatIsNoFiller(from: offset) != nil { return false }
        try enter(expected)
        return true
    }

    /// Is there proof that the expected record was on the disk?
    private func isCovered(in file: SegmentFile) throws(JournalError) -> Bool {
        if try limit() >= expected { return true }
        if try segments.after(file.first, in: log) != nil { return true }
        if try isRoomSeen(in: file) { return false }
        return try file.highestWatermark(from: offset).durable >= expected
    }

    /// Was there nothing but reserved room from here on when it was looked at last? What has been
    /// written there since is announced by the head file.
    private func isRoomSeen(in file: SegmentFile) throws(JournalError) -> Bool {
        if let seen = roomSeen, seen.segment == file.first, seen.offset <= offset { return true }
        // What reaches as far as the head file says may be followed by a torn write, or by one that
        // it does not know of and that begins with damage: no record is longer than this. The
        // reserved room itself may be a thousand times as long.
        let reach = try limit() + 1 == expected ? RecordFormat.maximumLine : .max
        guard try file.firstByteThatIsNoFiller(from: offset, within: reach) == nil else {
            return false
        }
        roomSeen = (file.first, offset)
        return true
    }

    /// The last record that is known to be on the disk, because the head file says so.
    private func limit() throws(JournalError) -> UInt64 {
        visible = max(visible, try log.head()?.head.sequence ?? 0)
        return visible
    }

    /// How far records may be shown: at least to `last`, if that can be told from here.
    private func findReadable(
        _ last: UInt64, in file: SegmentFile
    ) throws(JournalError) -> UInt64 {
        readable = max(readable, try limit())
        if readable >= last { return readable }
        if let next = try segments.after(file.first, in: log) {
            // A segment is begun only when all before it is on the disk.
            readable = max(readable, next - 1)
            return readable
        }
        // The head may be older than the log: a later record's watermark proves as much. And
        // without a writer every whole batch counts, as it will when the journal is opened.
        let evidence = try file.highestWatermark(from: offset)
        readable = max(readable, evidence.durable)
        if readable < evidence.sequence {
            readable = try log.hasWriter() ? max(readable, limit()) : evidence.sequence
        }
        return readable
    }

    /// Is the record one of a whole batch that is known to be on the disk?
    private func mayShow(_ record: RawRecord, in file: SegmentFile) throws(JournalError) -> Bool {
        if record.sequence <= batchEnd { return true }
        let last = record.sequence + UInt64(record.batchCount - record.batchIndex)
        if last > readable, try findReadable(last, in: file) < last { return false }
        if record.batchCount > 1, let flaw = try flaw(inBatchOf: record, upTo: last, in: file) {
            guard try passes(flaw) != nil else {
                // At the very end it is a batch that was never acknowledged.
                if last > visible, try !isCovered(in: file) { return false }
                throw .damaged([flaw])
            }
            batchEnd = record.sequence
            return true
        }
        batchEnd = last
        return true
    }

    /// The first place after the record where its batch is not whole.
    private func flaw(
        inBatchOf record: RawRecord, upTo last: UInt64, in file: SegmentFile
    ) throws(JournalError) -> Damage? {
        // Its records are about as long as the first; all of them in one window are read once.
        let rest = Int(last - record.sequence)
        try file.hold((rest + 1) * record.length * 9 / 8, from: record.offset)
        batchFilling = file.fillings
        var offset = record.offset + record.length
        var sequence = record.sequence
        while sequence < last {
            sequence += 1
            if let next = file.whole(at: offset), next.sequence == sequence {
                offset += next.length
                continue
            }
            let (scan, _) = try file.scan(at: offset)
            guard case .record(let length, sequence) = scan else {
                batchFilling = -1
                return Damage(
                    segment: file.first, sequence: sequence, offset: offset, flaw: scan.flaw)
            }
            offset += length
        }
        return nil
    }

    /// Whom to tell of a damaged place before going on; nil to stop there.
    private func passes(_ found: Damage) throws(JournalError) -> ((Damage) -> Void)? {
        switch damage {
        case .stop: return nil
        case .skip(let tell): return tell
        case .accepted(let tell):
            if accepted == nil {
                let reader = JournalReader(directory: log.path, storage: log.storage)
                accepted = try AcceptedDamage(reader)
            }
            guard accepted?.contains(found) == true else { return nil }
            return tell
        }
    }

    /// Deals with damage at the offset. False: nothing whole comes after it.
    private func skip(_ scan: Scan, in file: SegmentFile) throws(JournalError) -> Bool {
        let next = try segments.after(file.first, in: log)
        var flaw = scan.flaw
        if try file.firstByteThatIsNoFiller(from: offset) == nil {
            flaw = next == nil ? .removed(through: visible) : .missingSegment
        }
        let found = Damage(segment: file.first, sequence: expected, offset: offset, flaw: flaw)
        guard let tell = try passes(found) else { throw .damaged([found]) }
        if expected > told { tell(found) }
        told = expected
        var candidate = try file.nextCandidate(from: offset + 1)
        while let start = candidate {
            let (scan, _) = try file.scan(at: start)
            if case .record(_, let sequence) = scan, sequence > expected {
                offset = start
                expected = sequence
                return true
            }
            candidate = try file.nextCandidate(from: start + 1)
        }
        guard let next else { return false }
        try enter(next)
        return true
    }

    /// Read when the first damaged place is met.
    private var accepted: AcceptedDamage?

    /// The last damage that was told of: the end of the log is looked at again and again.
    private var told: UInt64 = 0
}
