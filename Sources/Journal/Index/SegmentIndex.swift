import Checksums
import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// An index that fits its segment. What is read of it is checked each time, and what it says is for
/// the caller to check in the segment.
final class SegmentIndex: Sendable {
    let header: IndexHeader
    private let source: Source
    /// The tables that were read so far: places and directories, not blocks.
    private let tables = Mutex<[IndexTable: [UInt8]]>([:])

    private enum Source: Sendable {
        case file(FilePath, any Storage)
        case memory([UInt8])

        /// For some reads that follow each other; nil when it is not there.
        func open() -> Opened? {
            switch self {
            case .memory(let bytes): .memory(bytes)
            case .file(let path, let storage):
                (try? StoredFile(path, O_RDONLY | O_NOFOLLOW, storage: storage)).map { .file($0) }
            }
        }
    }

    private enum Opened {
        case file(StoredFile)
        case memory([UInt8])

        /// A part of the index; nil when it is not there.
        func read(_ range: Range<Int>) -> [UInt8]? {
            switch self {
            case .memory(let bytes):
                return range.upperBound <= bytes.count ? Array(bytes[range]) : nil
            case .file(let file):
                // Before room is made for it.
                if range.count > 1 << 16, (try? file.size()) ?? 0 < range.upperBound { return nil }
                var bytes = [UInt8](repeating: 0, count: range.count)
                let count = bytes.withUnsafeMutableBytes {
                    try? file.read($0, at: range.lowerBound)
                }
                return count == range.count ? bytes : nil
            }
        }
    }

    /// Reads the header of an index file. Nil when there is none, and when it is not whole or not
    /// that of the segment as it is now.
    init?(_ name: String, of first: UInt64, isPiece: Bool, in log: LogDirectory) {
        var source = Source.file(log.path.appending(name), log.storage)
        var opened = source.open()
        if opened == nil {
            // The archive may have it. To ask costs a look at the whole directory.
            source = .file(log.home(of: first).appending(name), log.storage)
            opened = source.open()
        }
        self.source = source
        guard let bytes = opened?.read(0..<IndexHeader.size),
            let header = bytes.withUnsafeBytes({ IndexHeader(parsing: $0) }),
            let segment = try? SegmentFile(first, in: log),
            header.fits(segment, isPiece: isPiece)
        else { return nil }
        self.header = header
    }

    /// An index that was made in memory.
    init?(_ bytes: [UInt8]) {
        guard let header = bytes.withUnsafeBytes({ IndexHeader(parsing: $0) }) else { return nil }
        self.header = header
        source = .memory(bytes)
    }

    /// Nil: the index is damaged.
    func places() -> [IndexPlace]? {
        source.open().flatMap { table(.places, in: $0) }?.withUnsafeBytes { bytes in
            (0..<bytes.count / IndexPlace.size).map { index in
                let at = index * IndexPlace.size
                return IndexPlace(
                    sequence: LittleEndian.read(bytes, at),
                    time: Timestamp(microseconds: LittleEndian.read(bytes, at + 8)),
                    offset: Int(clamping: LittleEndian.read(bytes, at + 16, as: UInt64.self)))
            }
        }
    }

    /// Where the records are whose keys lie in a range, ascending. Nil: the index is damaged.
    func offsets(_ key: IndexKey) -> [Int]? { offsets(in: key.range, of: key.table) }

    private func offsets(in keys: ClosedRange<EventID>, of name: IndexTable) -> [Int]? {
        guard let opened = source.open(), let directory = table(name, in: opened) else {
            return nil
        }
        let blocks = directory.withUnsafeBytes { SegmentIndex.blocks(keys, in: $0) }
        var found: [UInt32] = []
        for block in blocks {
            guard let bytes = opened.read(block.range),
                CRC32C.checksum(bytes) == block.checksum,
                bytes.withUnsafeBytes({ SegmentIndex.collect(keys, in: $0, into: &found) })
            else { return nil }
        }
        return found.sorted().map { Int($0) }
    }

    /// Are all tables and blocks as they were written?
    var isWhole: Bool {
        places() != nil
            && [.id, .correlation, .subject].allSatisfy { (table: IndexTable) in
                offsets(in: IndexKey.everything, of: table) != nil
            }
    }

    private struct Block {
        let range: Range<Int>
        let checksum: UInt32
    }

    private static func blocks(
        _ keys: ClosedRange<EventID>, in directory: UnsafeRawBufferPointer
    ) -> [Block] {
        let size = IndexTable.id.entrySize
        let count = directory.count / size
        func first(_ index: Int) -> EventID {
            EventID(
                high: LittleEndian.read(directory, index * size),
                low: LittleEndian.read(directory, index * size + 8))
        }
        // The first block that begins at the keys or behind; the one before may hold some, too.
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if first(middle) < keys.lowerBound { low = middle + 1 } else { high = middle }
        }
        var index = max(0, low - 1)
        var blocks: [Block] = []
        while index < count, first(index) <= keys.upperBound {
            let at = index * size + 16
            let offset = Int(clamping: LittleEndian.read(directory, at, as: UInt64.self))
            let length = Int(LittleEndian.read(directory, at + 8, as: UInt32.self))
            if offset < IndexHeader.maximumSegment {
                blocks.append(
                    Block(
                        range: offset..<offset + length,
                        checksum: LittleEndian.read(directory, at + 12)))
            }
            index += 1
        }
        return blocks
    }

    /// False: it is not laid out as it must be.
    private static func collect(
        _ keys: ClosedRange<EventID>, in block: UnsafeRawBufferPointer, into found: inout [UInt32]
    ) -> Bool {
        var at = 0
        while at < block.count {
            guard block.count - at >= 20 else { return false }
            let key = EventID(
                high: LittleEndian.read(block, at), low: LittleEndian.read(block, at + 8))
            let count = Int(LittleEndian.read(block, at + 16, as: UInt32.self))
            at += 20
            guard count <= (block.count - at) / 4 else { return false }
            if keys.contains(key) {
                for index in 0..<count { found.append(LittleEndian.read(block, at + index * 4)) }
            }
            at += count * 4
        }
        return true
    }

    private func table(_ table: IndexTable, in opened: Opened) -> [UInt8]? {
        tables.withLock { known in
            if let bytes = known[table] { return bytes }
            let place = header.tables[table.rawValue]
            let (size, isTooLarge) = place.count.multipliedReportingOverflow(by: table.entrySize)
            guard !isTooLarge, size <= IndexHeader.maximumSegment,
                let bytes = opened.read(place.offset..<place.offset + size),
                CRC32C.checksum(bytes) == place.checksum
            else { return nil }
            known[table] = bytes
            return bytes
        }
    }
}

extension IndexHeader {
    /// Is this the index of the segment as it is now, as far as its length and the first and the
    /// last record tell?
    func fits(_ file: SegmentFile, isPiece: Bool) -> Bool {
        guard segment == file.first, let size = try? file.size(),
            isPiece ? range.upperBound <= size : range == 0..<size,
            let first = try? file.single(at: range.lowerBound),
            let last = try? file.single(at: lastOffset)
        else { return false }
        return first.sequence == sequences.lowerBound && first.checksum == firstChecksum
            && last.sequence == sequences.upperBound && last.checksum == lastChecksum
    }
}
