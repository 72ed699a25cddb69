import Checksums
import Glibc
import LinuxSystem

/// What tells one build of this program from another: state that another one folded is not used,
/// because its code may fold differently.
package enum ProgramFingerprint {
    /// The size and a checksum of what is loaded of the program's file. The symbols for debuggers, most
    /// of it unless they were stripped, are not: every command that reads state would wait for them.
    package static let own: String = {
        do {
            return try of(FilePath("/proc/self/exe"))
        } catch {
            // A program that cannot be read is like no other.
            return "\(getpid())-\(UInt64.random(in: 0 ... .max))"
        }
    }()

    static func of(_ path: FilePath) throws -> String {
        let file = try FileDescriptor.open(path, O_RDONLY)
        let size = try file.status().size
        var crc: UInt32 = 0
        for range in try loaded(file, size) ?? [0..<size] { try add(range, of: file, to: &crc) }
        return "\(size)-\(String(crc, radix: 16))"
    }

    /// The parts of the file that its ELF header has loaded, and that header; nil when it is no 64-bit
    /// program's.
    private static func loaded(
        _ file: borrowing FileDescriptor, _ size: Int
    ) throws -> [Range<Int>]? {
        guard let header = try Header(file), header.entrySize >= Header.entry, header.count > 0
        else { return nil }
        let tableSize = header.entrySize * header.count
        guard header.table <= size - tableSize else { return nil }
        var table = [UInt8](repeating: 0, count: tableSize)
        guard try read(file, header.table, into: &table) else { return nil }
        var ranges = [0..<Header.size, header.table..<header.table + tableSize]
        for start in stride(from: 0, to: tableSize, by: header.entrySize)
        where word(table, start, 4) == Header.load {
            let (offset, length) = (word(table, start + 8, 8), word(table, start + 32, 8))
            guard offset <= UInt64(size), length <= UInt64(size) - offset else { return nil }
            ranges.append(Int(offset)..<Int(offset + length))
        }
        return ranges.count > 2 ? ranges : nil
    }

    /// What an ELF file begins with, as far as it says where the table of its parts is.
    private struct Header {
        static let size = 64
        static let entry = 56
        /// The type of a part that is loaded.
        static let load: UInt64 = 1
        private static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
        private static let is64Bit: UInt8 = 2
        private static let isLittleEndian: UInt8 = 1

        let table: Int
        let entrySize: Int
        let count: Int

        init?(_ file: borrowing FileDescriptor) throws {
            var bytes = [UInt8](repeating: 0, count: Header.size)
            guard try read(file, 0, into: &bytes), bytes.starts(with: Header.magic),
                bytes[4] == Header.is64Bit, bytes[5] == Header.isLittleEndian,
                let table = Int(exactly: word(bytes, 32, 8))
            else { return nil }
            self.table = table
            entrySize = Int(word(bytes, 54, 2))
            count = Int(word(bytes, 56, 2))
        }
    }

    private static func word(_ bytes: [UInt8], _ at: Int, _ width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(bytes[at + $1]) << (8 * UInt64($1)) }
    }

    private static func read(
        _ file: borrowing FileDescriptor, _ offset: Int, into bytes: inout [UInt8]
    ) throws -> Bool {
        let count = bytes.count
        return try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) } == count
    }

    private static func add(
        _ range: Range<Int>, of file: borrowing FileDescriptor, to crc: inout UInt32
    ) throws {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { chunk.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = min(chunk.count, range.upperBound - offset)
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: chunk[..<wanted]), at: offset)
            if count == 0 { break }
            crc = CRC32C.checksum(
                UnsafeRawBufferPointer(rebasing: chunk[..<count]), seed: crc)
            offset += count
        }
    }
}
