import Checksums
import Glibc
package import Journal
import LinuxSystem
package import Millrace

/// A part of a snapshot: the state of one projection, or what the runtime knows.
struct SnapshotSection {
    let name: String
    /// What the state depends on beside the program and the journal.
    let fingerprint: String
    let bytes: [UInt8]

    static func name(of type: any Projection.Type) -> String {
        // The plain name of a private type holds an address, which differs from start to start.
        _mangledTypeName(type) ?? String(reflecting: type)
    }
}

/// The states that were folded up to some record, in a file: so that they need not be folded again
/// from the first record on. It is derived, and believed only as far as it can be checked: the journal
/// has the record that it stands at, this program wrote it, and its bytes are what they were.
///
/// Layout: eight hexadecimal digits, the CRC-32C of the header, a space, the header's length in ten
/// digits, a line feed; the header, as JSON in one line; then the sections.
package struct Snapshot {
    package struct Header: Codable, Sendable {
        /// Of this layout.
        var format = Snapshot.format
        /// The program that folded it (`ProgramFingerprint`).
        var program: String
        /// The record that it stands at.
        package var mark: JournalMark
        package var time: Timestamp
        var sections: [Entry]

        struct Entry: Codable, Sendable {
            var name: String
            var fingerprint: String
            /// From the end of the header.
            var offset: Int
            var length: Int
            /// CRC-32C of its bytes.
            var crc: UInt32
        }
    }

    package let header: Header
    private let file: FilePath
    private let start: Int

    private static let format = 1
    private static let preamble = 20
    private static let headerLimit = 1 << 20
    private static let sectionLimit = 1 << 30

    /// Opens a snapshot. - Throws: when it is not whole, or another program's.
    init(_ file: FilePath) throws {
        let descriptor = try FileDescriptor.open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        let first = try Snapshot.read(descriptor, 0..<Snapshot.preamble)
        let parts = String(decoding: first, as: UTF8.self).split(separator: " ")
        guard parts.count == 2, let crc = UInt32(parts[0], radix: 16),
            let length = Int(parts[1].dropLast()), length > 0, length <= Snapshot.headerLimit
        else { throw StateError("\(file) is no snapshot") }
        start = Snapshot.preamble + length
        let text = try Snapshot.read(descriptor, Snapshot.preamble..<start)
        guard CRC32C.checksum(text) == crc else { throw StateError("\(file) is damaged") }
        header = try JSONValue(parsing: text).decode(Header.self)
        guard header.format == Snapshot.format, header.program == ProgramFingerprint.own else {
            throw StateError("\(file) is another program's")
        }
        self.file = file
    }

    /// - Throws: when there is none, or it was folded under other conditions, or is damaged.
    func section(_ name: String, fingerprint: String) throws -> [UInt8] {
        guard let entry = header.sections.first(where: { $0.name == name }),
            entry.fingerprint == fingerprint, entry.length >= 0, entry.offset >= 0,
            entry.length <= Snapshot.sectionLimit, entry.offset <= Int.max / 4
        else { throw StateError("\(file) does not have \(name)") }
        let descriptor = try FileDescriptor.open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        let first = start + entry.offset
        let bytes = try Snapshot.read(descriptor, first..<first + entry.length)
        guard CRC32C.checksum(bytes) == entry.crc else { throw StateError("\(file) is damaged") }
        return bytes
    }

    private static func read(
        _ file: borrowing FileDescriptor, _ range: Range<Int>
    ) throws -> [UInt8] {
        // A length that was damaged must not ask for memory that the file cannot fill.
        guard try file.status().size >= range.upperBound else {
            throw StateError("a snapshot is cut short")
        }
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < range.count {
            let count = try bytes.withUnsafeMutableBytes { buffer in
                try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]),
                    at: range.lowerBound + done)
            }
            guard count > 0 else { throw StateError("a snapshot is cut short") }
            done += count
        }
        return bytes
    }

    /// The bytes of a snapshot's file.
    static func bytes(
        _ sections: [SnapshotSection], at mark: JournalMark, time: Timestamp
    ) throws -> [UInt8] {
        var entries: [Header.Entry] = []
        var offset = 0
        for section in sections {
            entries.append(
                Header.Entry(
                    name: section.name, fingerprint: section.fingerprint, offset: offset,
                    length: section.bytes.count, crc: CRC32C.checksum(section.bytes)))
            offset += section.bytes.count
        }
        let header =
            try JSONValue(
                encoding: Header(
                    program: ProgramFingerprint.own, mark: mark, time: time, sections: entries)
            ).bytes + [UInt8(ascii: "\n")]
        let crc = String(CRC32C.checksum(header), radix: 16)
        let length = String(header.count)
        var bytes = Array(
            (padded(crc, 8) + " " + padded(length, 10) + "\n").utf8)
        bytes.reserveCapacity(bytes.count + header.count + offset)
        bytes += header
        for section in sections { bytes += section.bytes }
        return bytes
    }

    private static func padded(_ digits: String, _ width: Int) -> String {
        String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
