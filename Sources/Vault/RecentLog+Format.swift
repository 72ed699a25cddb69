import Checksums
import Millrace

/// How the log of recent objects lies on the disk.
///
/// The file has two halves of `halfSize` bytes. A half is a row of records, each of which begins at a
/// multiple of eight bytes; numbers are little-endian:
///
///     offset  width
///          0      4  "MRVO"
///          4      4  CRC-32C of the next 48 bytes
///          8      8  generation
///         16      4  size of the object
///         20      4  zero
///         24     32  SHA-256 of the object
///         56      –  the object, then zeros up to a multiple of eight
///
/// A half ends where there is no whole record, or one of another generation than its first: what lies
/// behind is of earlier use.
enum RecentLogFormat {
    static let halfSize = 2 << 20
    static let headerSize = 56
    /// Larger objects are forced to the disk themselves: copying them twice costs more.
    static let objectLimit = 64 << 10

    private static let magic: UInt32 = 0x4F56_524D

    struct Record: Equatable {
        var generation: UInt64
        var digest: Digest
        var bytes: [UInt8]
    }

    /// The room that an object takes.
    static func room(for size: Int) -> Int { (headerSize + size + 7) & ~7 }

    static func encode(
        _ object: UnsafeRawBufferPointer, _ digest: Digest, generation: UInt64
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: room(for: object.count))
        bytes.withUnsafeMutableBytes { buffer in
            buffer.storeBytes(of: magic.littleEndian, as: UInt32.self)
            buffer.storeBytes(of: generation.littleEndian, toByteOffset: 8, as: UInt64.self)
            buffer.storeBytes(
                of: UInt32(truncatingIfNeeded: object.count).littleEndian, toByteOffset: 16,
                as: UInt32.self)
            UnsafeMutableRawBufferPointer(rebasing: buffer[24..<56])
                .copyBytes(from: digest.bytes)
            UnsafeMutableRawBufferPointer(rebasing: buffer[headerSize...]).copyMemory(from: object)
            let covered = UnsafeRawBufferPointer(rebasing: buffer[8..<headerSize])
            buffer.storeBytes(
                of: CRC32C.checksum(covered).littleEndian, toByteOffset: 4, as: UInt32.self)
        }
        return bytes
    }

    /// The records of a half.
    static func decode(_ half: UnsafeRawBufferPointer) -> [Record] {
        var records: [Record] = []
        var offset = 0
        while let record = record(in: half, at: offset) {
            if let first = records.first, first.generation != record.generation { break }
            offset += room(for: record.bytes.count)
            records.append(record)
        }
        return records
    }

    private static func record(in half: UnsafeRawBufferPointer, at offset: Int) -> Record? {
        guard half.count - offset >= headerSize else { return nil }
        let header = UnsafeRawBufferPointer(rebasing: half[offset..<(offset + headerSize)])
        let covered = UnsafeRawBufferPointer(rebasing: header[8...])
        let size = Int(UInt32(littleEndian: header.load(fromByteOffset: 16, as: UInt32.self)))
        guard UInt32(littleEndian: header.load(as: UInt32.self)) == magic,
            UInt32(littleEndian: header.load(fromByteOffset: 4, as: UInt32.self))
                == CRC32C.checksum(covered),
            size <= objectLimit, half.count - offset - headerSize >= size,
            let digest = Digest(bytes: header[24..<56])
        else { return nil }
        let start = offset + headerSize
        let bytes = UnsafeRawBufferPointer(rebasing: half[start..<(start + size)])
        guard Digest(words: SHA256.hash(bytes).words) == digest else { return nil }
        return Record(
            generation: UInt64(littleEndian: header.load(fromByteOffset: 8, as: UInt64.self)),
            digest: digest, bytes: Array(bytes))
    }
}
