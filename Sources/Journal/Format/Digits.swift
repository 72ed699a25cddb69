import Checksums

/// Numbers in fixed-width digits.
enum Digits {
    static let hexadecimal = Array("0123456789abcdef".utf8)

    /// Decimal digits of exactly this width; nil for any other byte, and beyond 64 bits.
    static func decimal(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ width: Int) -> UInt64? {
        var value: UInt64 = 0
        var index = at
        let end = at + width
        // Of twenty digits four are zeros, unless somebody counts beyond any journal's size.
        if width == 20, bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self) == 0x3030_3030 {
            index += 4
        }
        while end - index >= 8 {
            guard
                let eight = eightDigits(
                    UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            else { return nil }
            // Sixteen digits and fewer always fit.
            let (shifted, over) = value.multipliedReportingOverflow(by: 100_000_000)
            if over { return nil }
            value = shifted &+ eight
            index += 8
        }
        if index == at, end >= 8 { return fewDigits(bytes, at, width) }
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

    /// Fewer than eight digits that have something before them: zeros take its place.
    private static func fewDigits(
        _ bytes: UnsafeRawBufferPointer, _ at: Int, _ width: Int
    ) -> UInt64? {
        eightDigits(zeroed(bytes, at, width))
    }

    private static func zeroed(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ width: Int) -> UInt64 {
        let word = UInt64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: at + width - 8, as: UInt64.self))
        let before = UInt64.max >> (8 * UInt64(width))
        return word & ~before | 0x3030_3030_3030_3030 & before
    }

    /// `index/count`, each of so many digits, fewer than eight, and the index from 1 to the count?
    /// Something must stand before them.
    static func isCounting(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ width: Int) -> Bool {
        let index = zeroed(bytes, at, width)
        let count = zeroed(bytes, at + width + 1, width)
        // Digits of one width are in the order of their numbers.
        return areDigits(index) && areDigits(count) && index != 0x3030_3030_3030_3030
            && index.byteSwapped <= count.byteSwapped
    }

    /// Is every byte "0" to "9"? The high half is 3 then, also after adding 6.
    private static func areDigits(_ word: UInt64) -> Bool {
        let high: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
        return (word & high) | (((word &+ 0x0606_0606_0606_0606) & high) >> 4)
            == 0x3333_3333_3333_3333
    }

    /// Eight digits at once: each step adds neighbours, ones to tens, pairs to pairs, fours to fours.
    private static func eightDigits(_ digits: UInt64) -> UInt64? {
        guard areDigits(digits) else { return nil }
        var word = digits
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
        var index = at
        while at + width - index >= 8 {
            guard let eight = eightHexadecimals(bytes, index) else { return nil }
            value = value << 32 | eight
            index += 8
        }
        for index in index..<at + width {
            switch bytes[index] {
            case let digit where digit &- 48 < 10: value = value << 4 | UInt64(digit &- 48)
            case let digit where digit &- 97 < 6: value = value << 4 | UInt64(digit &- 87)
            default: return nil
            }
        }
        return value
    }

    /// Eight at once: a nibble of each byte, then neighbours together, pairs, fours.
    private static func eightHexadecimals(
        _ bytes: UnsafeRawBufferPointer, _ at: Int
    ) -> UInt64? {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        // Letters have the bit that digits lack, and count from nine on.
        let letters = word >> 6 & 0x0101_0101_0101_0101
        var nibbles = (word & 0x0F0F_0F0F_0F0F_0F0F) &+ letters &* 9
        nibbles = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles >> 8) & 0x0000_FFFF_0000_FFFF
        let value = UInt32(truncatingIfNeeded: nibbles | nibbles >> 16).byteSwapped
        // Any other byte would have been written otherwise.
        return hexadecimalWord(value) == word.littleEndian ? UInt64(value) : nil
    }

    /// The last digits of a number, so many, with zeros before them.
    static func write(decimal value: UInt64, _ width: Int, to bytes: UnsafeMutableRawPointer) {
        var rest = value
        var index = width
        while index >= 8 {
            index -= 8
            let (higher, eight) = rest.quotientAndRemainder(dividingBy: 100_000_000)
            bytes.storeBytes(of: decimalWord(eight), toByteOffset: index, as: UInt64.self)
            rest = higher
        }
        while index > 0 {
            index -= 1
            let (higher, digit) = rest.quotientAndRemainder(dividingBy: 10)
            bytes.storeBytes(
                of: UInt8(ascii: "0") + UInt8(digit), toByteOffset: index, as: UInt8.self)
            rest = higher
        }
    }

    /// A number below 100,000,000 as eight digits, in the order that they are in memory: fours, pairs,
    /// digits, each split side by side by the product with an inverse.
    static func decimalWord(_ value: UInt64) -> UInt64 {
        let fours = value / 10_000 | (value % 10_000) << 32
        let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let pairs = hundreds | (fours &- hundreds &* 100) << 16
        let tens = (pairs &* 103) >> 10 & 0x000F_000F_000F_000F
        let digits = tens | (pairs &- tens &* 10) << 8
        return (digits | 0x3030_3030_3030_3030).littleEndian
    }

    /// Eight lower-case hexadecimal digits.
    static func write(hexadecimal value: UInt32, to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: hexadecimalWord(value), as: UInt64.self)
    }

    /// Sixteen.
    static func write(hexadecimal value: UInt64, to bytes: UnsafeMutableRawPointer) {
        write(hexadecimal: UInt32(truncatingIfNeeded: value >> 32), to: bytes)
        write(hexadecimal: UInt32(truncatingIfNeeded: value), to: bytes + 8)
    }

    static func write(_ hash: SHA256.Value, to bytes: UnsafeMutableRawPointer) {
        let words = hash.words
        write(hexadecimal: words.0, to: bytes)
        write(hexadecimal: words.1, to: bytes + 16)
        write(hexadecimal: words.2, to: bytes + 32)
        write(hexadecimal: words.3, to: bytes + 48)
    }

    /// Are these the 64 digits of the hash?
    static func isEqual(_ bytes: UnsafeRawPointer, to hash: SHA256.Value) -> Bool {
        func differs(_ at: Int, _ value: UInt64) -> UInt64 {
            (bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                ^ hexadecimalWord(UInt32(truncatingIfNeeded: value >> 32)))
                | (bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
                    ^ hexadecimalWord(UInt32(truncatingIfNeeded: value)))
        }
        let words = hash.words
        return differs(0, words.0) | differs(16, words.1) | differs(32, words.2)
            | differs(48, words.3) == 0
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
