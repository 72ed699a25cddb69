import Checksums
import Millrace

/// Makes the index of a part of a segment, from the segment itself.
struct IndexBuilder {
    /// The records that have a key are found at their offsets.
    struct Entry {
        let key: EventID
        let offset: UInt32
    }

    private var places: [IndexPlace] = []
    private var entries: [IndexTable: [Entry]] = [:]
    private let tables: Set<IndexTable>
    private var next: UInt64
    private var batchIndex = 1
    private var start: RawRecord?
    private var last: RawRecord?
    /// Records of one subject often follow each other.
    private var subject: (text: [UInt8], key: EventID) = ([], IndexKey.hash(ofSubject: []))

    /// The bytes of the index of the records in a range of bytes.
    ///
    /// Nil where anything but whole records in good order is there (newlines at the end do not
    /// count): such a part has to be read by those who can judge damage.
    ///
    /// - Parameters:
    ///   - first: the sequence that belongs at the beginning of the range.
    ///   - tables: which tables are wanted; the others stay empty.
    ///   - seals: with the SHA-256 of the range.
    static func index(
        of file: SegmentFile, _ range: Range<Int>, first: UInt64,
        tables: Set<IndexTable> = Set(IndexTable.allCases), seals: Bool = true
    ) throws(JournalError) -> [UInt8]? {
        guard range.upperBound <= IndexHeader.maximumSegment else { return nil }
        var builder = IndexBuilder(first: first, tables: tables)
        guard try builder.read(file, range), let start = builder.start, let last = builder.last
        else { return nil }
        let digest = seals ? try file.digest(of: range) : .zero
        return IndexEncoder.bytes(
            IndexHeader(
                segment: file.first, range: range, sequences: first...last.sequence,
                times: start.time...last.time, lastOffset: last.offset,
                checksums: (start.checksum, last.checksum), digest: digest, tables: []),
            places: builder.places, entries: builder.entries)
    }

    private init(first: UInt64, tables: Set<IndexTable>) {
        next = first
        self.tables = tables
        for table in tables where table != .places { entries[table] = [] }
    }

    /// False: there is something that is no record in good order.
    private mutating func read(
        _ file: SegmentFile, _ range: Range<Int>
    ) throws(JournalError) -> Bool {
        var offset = range.lowerBound
        while offset < range.upperBound {
            var record = file.record(at: offset)
            if record == nil { (_, record) = try file.scan(at: offset) }
            guard let record, offset + record.length <= range.upperBound else { break }
            guard add(record) else { return false }
            offset += record.length
        }
        guard batchIndex == 1 else { return false }
        if offset == range.upperBound { return true }
        let other = try file.firstByteThatIsNoFiller(from: offset)
        return other.map { $0 >= range.upperBound } ?? true
    }

    private mutating func add(_ record: RawRecord) -> Bool {
        let time = record.time
        guard record.sequence == next, record.batchIndex == batchIndex, last?.time ?? time <= time
        else { return false }
        let offset = UInt32(truncatingIfNeeded: record.offset)
        let isFar = places.last.map { record.offset - $0.offset >= IndexPlace.distance } ?? true
        if isFar, batchIndex == 1 {
            places.append(
                IndexPlace(sequence: record.sequence, time: time, offset: record.offset))
        }
        entries[.correlation]?.append(Entry(key: record.correlation, offset: offset))
        if tables.contains(.id) || tables.contains(.subject) {
            guard let names = try? record.names() else { return false }
            if names.subject != subject.text {
                subject = (names.subject, IndexKey.hash(ofSubject: names.subject))
            }
            entries[.id]?.append(Entry(key: names.id, offset: offset))
            entries[.subject]?.append(Entry(key: subject.key, offset: offset))
        }
        if start == nil { start = record }
        last = record
        next += 1
        batchIndex = record.batchIndex == record.batchCount ? 1 : record.batchIndex + 1
        return true
    }
}

/// Lays out an index as bytes.
struct IndexEncoder {
    private var bytes: [UInt8]
    private var header: IndexHeader

    /// A block is closed when it has so many bytes.
    private static let blockSize = 4096

    static func bytes(
        _ header: IndexHeader, places: [IndexPlace], entries: [IndexTable: [IndexBuilder.Entry]]
    ) -> [UInt8] {
        var encoder = IndexEncoder(header)
        encoder.add(places)
        for table in IndexTable.allCases.dropFirst() {
            encoder.add(
                entries[table, default: []].sorted {
                    $0.key == $1.key ? $0.offset < $1.offset : $0.key < $1.key
                })
        }
        encoder.bytes.replaceSubrange(0..<IndexHeader.size, with: encoder.header.bytes)
        return encoder.bytes
    }

    private init(_ header: IndexHeader) {
        self.header = header
        bytes = [UInt8](repeating: 0, count: IndexHeader.size)
    }

    private mutating func add(_ places: [IndexPlace]) {
        var table: [UInt8] = []
        for place in places {
            LittleEndian.append(place.sequence, to: &table)
            LittleEndian.append(place.time.microseconds, to: &table)
            LittleEndian.append(UInt64(place.offset), to: &table)
        }
        close(table, count: places.count)
    }

    private mutating func add(_ entries: [IndexBuilder.Entry]) {
        var directory: [UInt8] = []
        var count = 0
        var block: [UInt8] = []
        var first: EventID?
        func key(_ key: EventID, to bytes: inout [UInt8]) {
            LittleEndian.append(key.high, to: &bytes)
            LittleEndian.append(key.low, to: &bytes)
        }
        func closeBlock(_ all: inout [UInt8]) {
            guard let opening = first else { return }
            key(opening, to: &directory)
            LittleEndian.append(UInt64(all.count), to: &directory)
            LittleEndian.append(UInt32(block.count), to: &directory)
            LittleEndian.append(CRC32C.checksum(block), to: &directory)
            all += block
            block = []
            first = nil
            count += 1
        }
        var index = 0
        while index < entries.count {
            let group = entries[index].key
            var end = index
            let room = max(1, (IndexEncoder.blockSize - block.count) / 4 - 5)
            while end < entries.count, entries[end].key == group, end - index < room { end += 1 }
            if first == nil { first = group }
            key(group, to: &block)
            LittleEndian.append(UInt32(end - index), to: &block)
            for entry in entries[index..<end] { LittleEndian.append(entry.offset, to: &block) }
            index = end
            if block.count > IndexEncoder.blockSize - 24 { closeBlock(&bytes) }
        }
        closeBlock(&bytes)
        close(directory, count: count)
    }

    /// Ends a table with what the header points to.
    private mutating func close(_ table: [UInt8], count: Int) {
        header.tables.append(
            IndexHeader.Table(
                offset: bytes.count, count: count, checksum: CRC32C.checksum(table)))
        bytes += table
    }
}
