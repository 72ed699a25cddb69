package import Millrace

/// Walks through the records that have a key, in order, by the indexes where there are some and
/// through the records where there are none. Each record is checked before it is shown: an index
/// that is wrong costs time and nothing else. Not for more than one thread at a time.
package final class IndexCursor {
    private let reader: JournalReader
    private let indexes: SegmentIndexes
    private let key: IndexKey
    /// The first sequences of the segments, when they were looked at.
    private var segments: [UInt64] = []
    /// The sequence that comes next.
    package private(set) var position: UInt64
    /// No record behind this one is shown.
    private let last: UInt64
    private var stretch: Stretch?

    private enum Stretch {
        /// Records that an index names: offsets in the segment, and how many of them were looked at.
        case hits(SegmentIndex, SegmentFile, offsets: [Int], done: Int)
        /// Records without an index, up to a sequence.
        case records(JournalCursor, through: UInt64)
    }

    init(
        _ reader: JournalReader, _ key: IndexKey, _ sequences: ClosedRange<UInt64>
    ) throws(JournalError) {
        self.reader = reader
        indexes = reader.indexes
        self.key = key
        position = sequences.lowerBound
        last = sequences.upperBound
        segments = try reader.log.segments()
    }

    /// The next record that has the key; nil at the end of what is there. It may be called again
    /// later.
    ///
    /// - Throws: `.damaged` like a `JournalCursor`, where records have to be read one by one.
    package func next() throws(JournalError) -> RawRecord? {
        while position <= last {
            let found: RawRecord?
            switch stretch {
            case nil:
                stretch = try nextStretch()
                continue
            case .hits(let index, let file, let offsets, let done):
                found = try hit(index, file, offsets, done)
            case .records(let cursor, let end):
                found = try record(cursor, through: end)
                // The end of the journal: it may go on from here.
                if found == nil, stretch != nil { return nil }
            }
            if let found { return found.sequence <= last ? found : nil }
        }
        return nil
    }

    /// The next event that has the key, its payload brought up to date.
    package func nextEvent() throws(JournalError) -> Event? {
        guard let record = try next() else { return nil }
        return try reader.event(of: record)
    }

    /// The next of the records that an index names; nil when the stretch is over.
    private func hit(
        _ index: SegmentIndex, _ file: SegmentFile, _ offsets: [Int], _ done: Int
    ) throws(JournalError) -> RawRecord? {
        guard done < offsets.count else {
            position = max(position, index.header.sequences.upperBound + 1)
            stretch = nil
            return nil
        }
        guard let record = try file.single(at: offsets[done]),
            index.header.sequences.contains(record.sequence), try key.matches(record)
        else {
            // The index is wrong, or the record is damaged: the cursor will say which.
            indexes.distrust(index)
            stretch = .records(
                try reader.cursor(from: position), through: index.header.sequences.upperBound)
            return nil
        }
        stretch = .hits(index, file, offsets: offsets, done: done + 1)
        guard record.sequence >= position else { return nil }
        position = record.sequence + 1
        return record
    }

    /// The next record that has the key, of those without an index; nil when the stretch is over,
    /// or the journal.
    private func record(
        _ cursor: JournalCursor, through end: UInt64
    ) throws(JournalError) -> RawRecord? {
        while position <= last, let record = try cursor.next() {
            if record.sequence > end {
                position = max(position, end + 1)
                stretch = nil
                return nil
            }
            position = record.sequence + 1
            if try key.matches(record) { return record }
        }
        return nil
    }

    /// What to do from the position on; nil when it went on because nothing is there.
    private func nextStretch() throws(JournalError) -> Stretch? {
        guard let first = segments.last(where: { $0 <= position }) else {
            // Nothing yet, or what was there is gone: the cursor knows.
            let end = segments.first.map { $0 - 1 } ?? .max
            return .records(try reader.cursor(from: position), through: end)
        }
        let end = segments.first { $0 > position }.map { $0 - 1 }
        if let index = try index(first, through: end) {
            if let offsets = offsets(in: index) {
                guard !offsets.isEmpty else {
                    position = index.header.sequences.upperBound + 1
                    return nil
                }
                let file = try SegmentFile(first, in: reader.log)
                return .hits(index, file, offsets: offsets, done: 0)
            }
            indexes.distrust(index)
        }
        return .records(try reader.cursor(from: position), through: end ?? .max)
    }

    /// Where an index says that records with the key are, from about the position on. Nil: it is damaged.
    private func offsets(in index: SegmentIndex) -> [Int]? {
        guard let offsets = index.offsets(key) else { return nil }
        if offsets.isEmpty || position <= index.header.sequences.lowerBound { return offsets }
        guard let places = index.places() else { return nil }
        let begin = places.last { $0.sequence <= position }?.offset ?? 0
        return Array(offsets.drop { $0 < begin })
    }

    /// An index that covers the position.
    private func index(
        _ first: UInt64, through end: UInt64?
    ) throws(JournalError) -> SegmentIndex? {
        if let end, let index = indexes.sealed(first), index.header.sequences.upperBound == end {
            return index
        }
        let pieces = try indexes.pieces(of: first)
        if let piece = pieces.first(where: { $0.header.sequences.contains(position) }) {
            return piece
        }
        guard let end, pieces.isEmpty, let index = try indexes.made(first, key.table),
            index.header.sequences.upperBound == end
        else { return nil }
        return index
    }
}
