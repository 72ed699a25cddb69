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
/// A reader skips members it does not know.
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

/// Numbers in fixed-width digits.
enum Digits {
    static let hexadecimal = Array("0123456789abcdef".utf8)

    /// Decimal digits of exactly this width; nil for any other byte, and beyond 64 bits.
    static func decimal(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ width: Int) -> UInt64? {
        var value: UInt64 = 0
        var index = at
        let end = at + width
        while end - index >= 8 {
            guard let eight = eightDigits(bytes, index) else { return nil }
            // Sixteen digits and fewer always fit.
            let (shifted, over) = value.multipliedReportingOverflow(by: 100_000_000)
            if over { return nil }
            value = shifted &+ eight
            index += 8
        }
        while index < end {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
            if over || carry { return nil }
            value = sum
            index += 1
        }
        return value
    }

    /// Eight digits at once: each step adds neighbours, ones to tens, pairs to pairs, fours to fours.
    private static func eightDigits(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64? {
        var word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        // Every byte is "0" to "9": the high half is 3, also after adding 6.
        let high: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
        guard
            (word & high) | (((word &+ 0x0606_0606_0606_0606) & high) >> 4)
                == 0x3333_3333_3333_3333
        else { return nil }
        word = ((word & 0x0F0F_0F0F_0F0F_0F0F) &* 2561) >> 8
        word = ((word & 0x00FF_00FF_00FF_00FF) &* 6_553_601) >> 16
        return ((word & 0x0000_FFFF_0000_FFFF) &* 42_949_672_960_001) >> 32
    }

    /// The eight lower-case hexadecimal digits of a number, as the word that they are in memory.
    static func hexadecimalWord(_ value: UInt32) -> UInt64 {
        // One nibble a byte, the highest first in memory.
        var word = UInt64(value.byteSwapped)
        word = (word & 0xFFFF_0000) << 16 | word & 0xFFFF
        word = (word << 8 | word) & 0x00FF_00FF_00FF_00FF
        word = (word >> 4 | word << 8) & 0x0F0F_0F0F_0F0F_0F0F
        // "0" or, from ten on, "a" less ten.
        let letters = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (word &+ 0x3030_3030_3030_3030 &+ letters &* 39).littleEndian
    }

    /// Lower-case hexadecimal digits, up to sixteen; nil for any other byte.
    static func hexadecimal(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ width: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in at..<at + width {
            switch bytes[index] {
            case let digit where digit &- 48 < 10: value = value << 4 | UInt64(digit &- 48)
            case let digit where digit &- 97 < 6: value = value << 4 | UInt64(digit &- 87)
            default: return nil
            }
        }
        return value
    }

    static func write(decimal value: UInt64, _ width: Int, to bytes: UnsafeMutableRawPointer) {
        var rest = value
        for index in stride(from: width - 1, through: 0, by: -1) {
            bytes.storeBytes(of: UInt8(48 + rest % 10), toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
    }

    static func write(hexadecimal value: UInt64, _ width: Int, to bytes: UnsafeMutableRawPointer) {
        for index in 0..<width {
            let nibble = UInt8(truncatingIfNeeded: value >> (4 * UInt64(width - 1 - index))) & 15
            bytes.storeBytes(
                of: nibble < 10 ? 48 + nibble : 87 + nibble, toByteOffset: index, as: UInt8.self)
        }
    }

    static func write(_ hash: SHA256.Value, to bytes: UnsafeMutableRawPointer) {
        let words = hash.words
        write(hexadecimal: words.0, 16, to: bytes)
        write(hexadecimal: words.1, 16, to: bytes + 16)
        write(hexadecimal: words.2, 16, to: bytes + 32)
        write(hexadecimal: words.3, 16, to: bytes + 48)
    }

    static func hash(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> SHA256.Value? {
        guard let a = hexadecimal(bytes, at, 16), let b = hexadecimal(bytes, at + 16, 16),
            let c = hexadecimal(bytes, at + 32, 16), let d = hexadecimal(bytes, at + 48, 16)
        else { return nil }
        return SHA256.Value(words: (a, b, c, d))
    }

    /// The text of a number in exactly `width` digits.
    static func text(_ value: UInt64, width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
