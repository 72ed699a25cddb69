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

    /// The parts of the template that are the same in every line.
    static let punctuation: [Range<Int>] = [
        0..<crc, crcEnd..<length, length + 8..<sequence, sequence + 20..<durable,
        durable + 20..<time, time + timeWidth..<batch, batch + 5..<batch + 6,
        batch + 11..<correlation, correlation + 32..<previous, previous + 64..<type,
    ]

    /// The template, and which of its bits are the same in every line, for the scanner's comparison.
    nonisolated(unsafe) static let frame: (template: UnsafeRawPointer, mask: UnsafeRawPointer) = {
        // Made once and never freed: a constant that is compared at the speed of memory.
        let expected = UnsafeMutableRawPointer.allocate(byteCount: type, alignment: 8)
        let mask = UnsafeMutableRawPointer.allocate(byteCount: type, alignment: 8)
        for index in 0..<type {
            let isFixed = punctuation.contains { $0.contains(index) }
            expected.storeBytes(
                of: isFixed ? template[index] : 0, toByteOffset: index, as: UInt8.self)
            mask.storeBytes(of: isFixed ? 0xFF : 0, toByteOffset: index, as: UInt8.self)
        }
        return (UnsafeRawPointer(expected), UnsafeRawPointer(mask))
    }()

    /// Is everything between the fixed-width values as it must be?
    static func hasLayout(_ line: UnsafeRawPointer) -> Bool {
        let (template, mask) = frame
        var difference: UInt64 = 0
        func compare(_ at: Int) {
            let word = line.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            difference |=
                (word & mask.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                ^ template.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        }
        var at = 0
        while at + 8 <= type {
            compare(at)
            at += 8
        }
        // The last word overlaps the one before it.
        compare(type - 8)
        return difference == 0
    }

    private static func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }

    static let newline = UInt8(ascii: "\n")

    /// The checksum of a line that ends before `end` (its newline not included).
    static func checksum(_ line: UnsafeRawBufferPointer, end: Int) -> UInt32 {
        CRC32C.checksum(UnsafeRawBufferPointer(rebasing: line[crcEnd..<end]))
    }
}
