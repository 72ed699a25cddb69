import Glibc
import LinuxSystem
package import Millrace

/// Walks through a journal in order, checking each record's checksum and sequence. Gives only whole
/// batches, and only what is known to be on the disk. Not for more than one thread at a time.
package final class JournalCursor {
    private let directory: FilePath
    private let damage: DamagePolicy
    private let upcasters: Upcasters
    private var segment: SegmentFile?
    private var offset = 0
    /// The sequence of the record that comes next.
    package private(set) var position: UInt64
    private let start: UInt64
    /// Records up to this one are known to be whole batches on the disk.
    private var visible: UInt64 = 0
    /// Records up to this one are the rest of a batch that was seen whole.
    private var batchEnd: UInt64 = 0

    init(
        directory: FilePath, from sequence: UInt64, damage: DamagePolicy, upcasters: Upcasters
    ) throws(JournalError) {
        self.directory = directory
        self.damage = damage
        self.upcasters = upcasters
        start = sequence
        position = sequence
    }

    /// The next record; nil at the end of what is there. It may be called again later.
    package func next() throws(JournalError) -> RawRecord? {
        do throws(CursorFailure) {
            while true {
                guard let record = try step() else { return nil }
                if record.sequence >= start { return record }
            }
        } catch {
            switch error {
            case .system(let error): throw .system(error)
            case .damaged(let damage): throw .damaged([damage])
            }
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
        try upcasters.upcast(try record.event())
    }

    private func step() throws(CursorFailure) -> RawRecord? {
        if segment == nil, try !open() { return nil }
        while let file = segment {
            let expected = walked
            let (scan, record) = try system { () throws(SystemError) in try file.scan(at: offset) }
            if case .record(let length, expected) = scan, let record {
                guard try mayShow(record, in: file) else {
                    file.invalidate()
                    return nil
                }
                offset += length
                walked += 1
                position = max(position, walked)
                return record
            }
            // The end of what is there, of the segment, or damage.
            if try enterNextSegment(expected) { continue }
            if try limit() < expected {
                file.invalidate()
                return nil
            }
            let (again, _) = try system { () throws(SystemError) in
                file.invalidate()
                return try file.scan(at: offset)
            }
            if case .record(_, expected) = again { continue }
            if try !skip(again, expected, in: file) { return nil }
        }
        return nil
    }

    /// The sequence of the record that belongs at `offset`.
    private var walked: UInt64 = 0

    /// Opens the segment that holds the position. False: there is none yet.
    private func open() throws(CursorFailure) -> Bool {
        let all = try system { () throws(SystemError) in try SegmentName.all(in: directory) }
        guard let first = all.last(where: { $0 <= position }) ?? all.first else { return false }
        try enter(first)
        return true
    }

    private func enter(_ first: UInt64) throws(CursorFailure) {
        segment = try system { () throws(SystemError) in try SegmentFile(first, in: directory) }
        offset = 0
        walked = first
        position = max(position, first)
    }

    private func enterNextSegment(_ expected: UInt64) throws(CursorFailure) -> Bool {
        guard let file = segment, file.first < expected else { return false }
        let path = directory.appending(SegmentName.of(expected))
        guard try system({ () throws(SystemError) in try FileStatus.of(path) }) != nil else {
            return false
        }
        // Only newlines may follow the last record: anything else would be skipped in silence.
        let rest = try system { () throws(SystemError) in
            try file.firstByteThatIsNoFiller(from: offset)
        }
        if rest != nil { return false }
        try enter(expected)
        return true
    }

    /// The last record that is known to be on the disk: the head file says so, or a later record.
    private func limit() throws(CursorFailure) -> UInt64 {
        let noted = try system { () throws(SystemError) in try HeadFile.read(in: directory) }
        if let noted { visible = max(visible, noted.head.sequence) }
        return visible
    }

    /// Is the record one of a whole batch that is known to be on the disk?
    private func mayShow(_ record: RawRecord, in file: SegmentFile) throws(CursorFailure) -> Bool {
        if record.sequence <= batchEnd { return true }
        let last = record.sequence + UInt64(record.batchCount - record.batchIndex)
        if last > visible, try limit() < last, try proven(from: record, in: file) < last {
            return false
        }
        // A reader that begins inside a batch needs its beginning too, which it does not show.
        if record.batchCount > 1 {
            var offset = record.offset + record.length
            for sequence in record.sequence + 1..<last + 1 {
                let (scan, _) = try system { () throws(SystemError) in try file.scan(at: offset) }
                guard case .record(let length, sequence) = scan else {
                    throw .damaged(
                        Damage(
                            segment: file.first, sequence: sequence, offset: offset,
                            flaw: CursorFailure.flaw(scan)))
                }
                offset += length
            }
        }
        batchEnd = last
        return true
    }

    /// Looks ahead for a record whose watermark covers what the head file does not: after a power
    /// cut the head may be older than the log. Without any head file everything whole counts.
    private func proven(
        from record: RawRecord, in file: SegmentFile
    ) throws(CursorFailure) -> UInt64 {
        let noted = try system { () throws(SystemError) in try HeadFile.read(in: directory) }
        var offset = record.offset
        var sequence = record.sequence
        var wholeEnd: UInt64 = 0
        while true {
            let (scan, next) = try system { () throws(SystemError) in try file.scan(at: offset) }
            guard case .record(let length, sequence) = scan, let next else { break }
            visible = max(visible, next.durable)
            if next.batchIndex == next.batchCount { wholeEnd = sequence }
            offset += length
            sequence += 1
        }
        if noted == nil { visible = max(visible, wholeEnd) }
        return visible
    }

    /// Deals with damage at the offset. False: nothing whole comes after it.
    private func skip(
        _ scan: Scan, _ expected: UInt64, in file: SegmentFile
    ) throws(CursorFailure) -> Bool {
        let found = Damage(
            segment: file.first, sequence: expected, offset: offset, flaw: CursorFailure.flaw(scan))
        guard case .skip(let tell) = damage else { throw .damaged(found) }
        tell(found)
        var candidate = try system { () throws(SystemError) in
            try file.nextCandidate(from: offset + 1)
        }
        while let start = candidate {
            let (scan, _) = try system { () throws(SystemError) in try file.scan(at: start) }
            if case .record(_, let sequence) = scan, sequence > expected {
                offset = start
                walked = sequence
                return true
            }
            candidate = try system { () throws(SystemError) in
                try file.nextCandidate(from: start + 1)
            }
        }
        // Nothing more in this segment: go on with the one after it.
        let all = try system { () throws(SystemError) in try SegmentName.all(in: directory) }
        guard let next = all.first(where: { $0 > file.first }) else { return false }
        try enter(next)
        return true
    }
}

enum CursorFailure: Error {
    case system(SystemError)
    case damaged(Damage)

    static func flaw(_ scan: Scan) -> Flaw {
        switch scan {
        case .bad(let flaw): flaw
        case .record(_, let sequence): .sequence(found: sequence)
        case .needs: .cutShort
        case .filler: .notARecord
        }
    }
}

private func system<R>(_ body: () throws(SystemError) -> R) throws(CursorFailure) -> R {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
}
