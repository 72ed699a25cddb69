import Checksums

/// The journal's format, byte by byte.
///
/// A journal is a directory of *segments*: files named by the sequence number of their first
/// record, 20 digits and `.jsonl`. A segment is a run of *records*, one a line; each line is one
/// CloudEvents 1.0 event in JSON, ended by one newline. The last segment may end in any number of
/// further newlines: room that was reserved on the disk and holds nothing yet.
///
/// A line begins with members of fixed width in this order, so that a scanner finds each by its
/// offset without parsing JSON:
///
///     offset  width  member         value
///          8      8  crc            CRC-32C, lower-case hexadecimal, over everything after these
///                                   eight digits up to the newline (the newline not included)
///         28      8  length         bytes of the whole line, the newline included, decimal
///         50     20  sequence       1 for the first record, then one more each, without gaps
///         83     20  durable        every record up to this one was on the disk before this one
///                                   was written
///        113     27  time           when it was appended: RFC 3339, UTC, microseconds; never
///                                   earlier than the record before
///        151     11  batch          `index/count`, five digits each, from 1. Records of one batch
///                                   follow each other in one segment; the batch counts only when
///                                   the record whose index is the count is there
///        181     32  correlationid  the id of the event that everything goes back to
///        227     64  previous       SHA-256 of the line before, without its newline; zeros for
///                                   the first record of all
///        301      -  type           printable ASCII without quote and backslash
///
/// Then, in this order: `specversion` ("1.0"), `id` (32 hexadecimal digits), `source` (a URI
/// reference made from the actor), `subject`, `causationid` (left out where nothing in the journal
/// caused it), `actor`, `dataversion` (decimal, the version of the payload's layout),
/// `datacontenttype`, and last `data`, the payload, which reaches to the closing brace of the line.
/// A reader skips members it does not know; their values are strings, numbers or booleans, as
/// CloudEvents has it, so that the first `,"data":` of a line is where the payload begins.
package enum RecordFormat {
    static let crc = 8
    static let crcEnd = 16
    static let length = 28
    static let sequence = 50
    static let durable = 83
    static let time = 113
    static let timeWidth = 27
    static let batch = 151
    static let correlation = 181
    static let previous = 227
    static let type = 301

    /// No line is longer, its newline included: 1 MiB.
    package static let maximumLine = 1 << 20
    /// A line shorter than this lacks members that every record has.
    static let minimumLine = type + 120
    /// As many as five digits can count.
    package static let maximumBatch = 99_999
    package static let maximumType = 255
    package static let maximumSubject = 4096
    package static let maximumActor = 1024
    /// Payloads nest no deeper: a limit for every parser that comes after.
    package static let maximumDepth = 128

    /// The beginning of every line up to the type, with zeros where the values go.
    static let template = Array(
        ("{\"crc\":\"" + zeros(8) + "\",\"length\":\"" + zeros(8) + "\",\"sequence\":\"" + zeros(20)
            + "\",\"durable\":\"" + zeros(20) + "\",\"time\":\"" + zeros(27) + "\",\"batch\":\""
            + "00000/00000" + "\",\"correlationid\":\"" + zeros(32) + "\",\"previous\":\""
            + zeros(64) + "\",\"type\":\"").utf8)

    /// Is everything between the fixed-width values as it must be? What comes before the first of them
    /// is not looked at.
    @inline(__always)
    static func hasLayout(_ line: UnsafeRawPointer) -> Bool {
        let difference =
            RecordFormat.difference(line + crcEnd, "\",\"length\":\"")
            | RecordFormat.difference(line + length + 8, "\",\"sequence\":\"")
            | RecordFormat.difference(line + sequence + 20, "\",\"durable\":\"")
            | RecordFormat.difference(line + durable + 20, "\",\"time\":\"")
            | RecordFormat.difference(line + time + timeWidth, "\",\"batch\":\"")
            | RecordFormat.difference(line + batch + 11, "\",\"correlationid\":\"")
            | RecordFormat.difference(line + correlation + 32, "\",\"previous\":\"")
            | RecordFormat.difference(line + previous + 64, "\",\"type\":\"")
        let slash = line.load(fromByteOffset: batch + 5, as: UInt8.self)
        return difference == 0 && slash == UInt8(ascii: "/")
    }

    /// Zero where these bytes are: compared eight at a time, with words that the compiler knows.
    ///
    /// - Parameter text: of eight bytes or more.
    @inline(__always)
    static func difference(_ bytes: UnsafeRawPointer, _ text: StaticString) -> UInt64 {
        let expected = UnsafeRawPointer(text.utf8Start)
        func difference(_ at: Int) -> UInt64 {
            bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                ^ expected.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        }
        // The last word overlaps the one before it.
        var found = difference(text.utf8CodeUnitCount - 8)
        var at = 0
        while at + 8 < text.utf8CodeUnitCount {
            found |= difference(at)
            at += 8
        }
        return found
    }

    private static func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }

    static let newline = UInt8(ascii: "\n")

    /// The checksum of a line that ends before `end` (its newline not included).
    static func checksum(_ line: UnsafeRawBufferPointer, end: Int) -> UInt32 {
        CRC32C.checksum(UnsafeRawBufferPointer(rebasing: line[crcEnd..<end]))
    }
}
