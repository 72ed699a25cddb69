import Checksums
import Millrace

/// The file beside a segment that says where in it a record is, byte by byte.
///
/// It is derived from the segment: a missing one is made again, one that does not fit its segment is
/// not believed, and what it names is checked in the segment itself. The index of a sealed segment is
/// `SEQUENCE.index`, named like the segment, and covers all of it. Of the segment in use there are
/// pieces, `SEQUENCE-OFFSET.index`, one for every few megabytes, by the offset at which each begins.
/// All numbers are little-endian; offsets of records count from the beginning of the segment.
///
///     offset  bytes
///          0      8  `MILLIDX1`
///          8      4  CRC-32C of the 244 bytes that follow
///         12      4  zero
///         16      8  the sequence in the segment's name
///         24     16  where the records begin that it covers, and where they end; in the index of a
///                    sealed segment 0 and the length of the file
///         40     16  the first and the last sequence
///         56     16  their times, in microseconds since 1970
///         72      8  offset of the last record
///         80      8  the checksums of the first and the last record, as they stand in them
///         88     32  SHA-256 of the bytes that it covers: the seal of a sealed segment
///        120     96  the tables, 24 bytes each: offset in this file, number of entries, CRC-32C of
///                    the entries, zero (8, 8, 4, 4 bytes)
///        216     40  zeros
///
/// The first table are the *places*, 24 bytes each: sequence, time and offset of a record that begins
/// a batch, at most one in 32 KiB, in order. The others are directories of blocks, for the event's id,
/// its correlation and its subject (a key of 128 bits: the id itself, or the first half of the
/// SHA-256 of the subject's text). An entry has 32 bytes: the first key of a block (the high half
/// first), and offset, length and CRC-32C of the block (8, 4, 4 bytes). A block is a run of: a key
/// (16 bytes), how many records have it (4), the offset of each (4 bytes each), in order of keys and
/// then of offsets; records with one key may be spread over several blocks.
struct IndexHeader: Equatable {
    var segment: UInt64
    var range: Range<Int>
    var sequences: ClosedRange<UInt64>
    var times: ClosedRange<Timestamp>
    var lastOffset: Int
    var firstChecksum: UInt32
    var lastChecksum: UInt32
    var digest: SHA256.Value
    /// By `IndexTable`.
    var tables: [Table]

    struct Table: Equatable {
        var offset = 0
        var count = 0
        var checksum: UInt32 = 0
    }

    static let size = 256
    private static let magic = Array("MILLIDX1".utf8)
    private static let covered = 12
    private static let digestOffset = 88
    private static let tableOffset = 120
    /// No segment is larger: offsets in tables have 32 bits.
    static let maximumSegment = Int(UInt32.max)

    var bytes: [UInt8] {
        var rest: [UInt8] = []
        LittleEndian.append(0 as UInt32, to: &rest)
        let words: [UInt64] = [
            segment, UInt64(range.lowerBound), UInt64(range.upperBound), sequences.lowerBound,
            sequences.upperBound, UInt64(bitPattern: times.lowerBound.microseconds),
            UInt64(bitPattern: times.upperBound.microseconds), UInt64(lastOffset),
        ]
        for word in words { LittleEndian.append(word, to: &rest) }
        LittleEndian.append(firstChecksum, to: &rest)
        LittleEndian.append(lastChecksum, to: &rest)
        rest += digest.bytes
        for table in tables {
            LittleEndian.append(UInt64(table.offset), to: &rest)
            LittleEndian.append(UInt64(table.count), to: &rest)
            LittleEndian.append(table.checksum, to: &rest)
            LittleEndian.append(0 as UInt32, to: &rest)
        }
        rest += [UInt8](repeating: 0, count: IndexHeader.size - IndexHeader.covered - rest.count)
        var bytes = IndexHeader.magic
        LittleEndian.append(CRC32C.checksum(rest), to: &bytes)
        return bytes + rest
    }

    init(
        segment: UInt64, range: Range<Int>, sequences: ClosedRange<UInt64>,
        times: ClosedRange<Timestamp>, lastOffset: Int, checksums: (first: UInt32, last: UInt32),
        digest: SHA256.Value, tables: [Table]
    ) {
        self.segment = segment
        self.range = range
        self.sequences = sequences
        self.times = times
        self.lastOffset = lastOffset
        firstChecksum = checksums.first
        lastChecksum = checksums.last
        self.digest = digest
        self.tables = tables
    }

    /// Nil for anything that is not a whole header of this version.
    init?(parsing bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= IndexHeader.size,
            bytes.prefix(8).elementsEqual(IndexHeader.magic),
            LittleEndian.read(bytes, 8, as: UInt32.self)
                == CRC32C.checksum(
                    UnsafeRawBufferPointer(
                        rebasing: bytes[IndexHeader.covered..<IndexHeader.size]))
        else { return nil }
        func word(_ at: Int) -> UInt64 { LittleEndian.read(bytes, at) }
        func offset(_ at: Int) -> Int? {
            let value = word(at)
            return value <= UInt64(IndexHeader.maximumSegment) ? Int(value) : nil
        }
        func time(_ at: Int) -> Timestamp {
            Timestamp(microseconds: Int64(bitPattern: word(at)))
        }
        guard let from = offset(24), let to = offset(32), let last = offset(72), from < to,
            (from..<to).contains(last), word(40) > 0, word(40) <= word(48), word(48) < 1 << 62,
            time(56) <= time(64)
        else { return nil }
        segment = word(16)
        range = from..<to
        sequences = word(40)...word(48)
        times = time(56)...time(64)
        lastOffset = last
        firstChecksum = LittleEndian.read(bytes, 80)
        lastChecksum = LittleEndian.read(bytes, 84)
        func digestWord(_ index: Int) -> UInt64 {
            word(IndexHeader.digestOffset + index * 8).byteSwapped
        }
        digest = SHA256.Value(
            words: (digestWord(0), digestWord(1), digestWord(2), digestWord(3)))
        tables = []
        for index in IndexTable.allCases.indices {
            let at = IndexHeader.tableOffset + index * 24
            guard let start = offset(at), let count = offset(at + 8) else { return nil }
            tables.append(
                Table(offset: start, count: count, checksum: LittleEndian.read(bytes, at + 16)))
        }
    }
}

/// What an index can be asked for, in the order of the tables.
enum IndexTable: Int, CaseIterable {
    case places, id, correlation, subject

    /// Bytes of an entry in the file.
    var entrySize: Int { self == .places ? IndexPlace.size : 32 }
}

/// A record from which on the segment can be read.
struct IndexPlace: Equatable {
    let sequence: UInt64
    let time: Timestamp
    let offset: Int

    static let size = 24
    /// Between two places are at least so many bytes.
    static let distance = 32 << 10
}
