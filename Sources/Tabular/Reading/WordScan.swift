// Eight bytes at a time (SWAR): each function gives a word whose top bit is set in every byte that
// matches, exactly, so that the lowest set bit divided by 8 is the place of the first match.

private let lowBits: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
private let ones: UInt64 = 0x0101_0101_0101_0101

@inline(__always)
func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* ones }

/// Bytes of `word` that are equal to the repeated byte of `pattern`.
@inline(__always)
func matches(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
    let difference = word ^ pattern
    return ~(((difference & lowBits) &+ lowBits) | difference | lowBits)
}

@inline(__always)
func loadWord(_ start: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
}

/// Whether there are bytes in the range that a plain ASCII text does not have: zeros, or above 127.
func hasUnusualBytes(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var high: UInt64 = 0
    var zero: UInt64 = 0
    var index = 0
    while index &+ 8 <= count {
        let word = loadWord(start + index)
        high |= word
        // May also mark a byte above a zero byte, which does not matter here.
        zero |= (word &- ones) & ~word
        index &+= 8
    }
    while index < count {
        let byte = start[index]
        high |= UInt64(byte)
        if byte == 0 { return true }
        index &+= 1
    }
    return (high | zero) & 0x8080_8080_8080_8080 != 0
}

/// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629); nil when all is.
func firstInvalidUTF8(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    var index = 0
    while index < count {
        let byte = start[index]
        if byte < 0x80 {
            index &+= 1
            continue
        }
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch byte {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, low) = (3, 0xA0)
        case 0xED: (length, high) = (3, 0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, low) = (4, 0x90)
        case 0xF4: (length, high) = (4, 0x8F)
        case 0xF1...0xF3: length = 4
        default: return index
        }
        guard index + length <= count, start[index + 1] >= low, start[index + 1] <= high else {
            return index
        }
        for offset in 2..<max(length, 2) where start[index + offset] & 0xC0 != 0x80 { return index }
        index &+= length
    }
    return nil
}
