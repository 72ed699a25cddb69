/// A 64-bit hash that is the same on every machine and in every version: it decides which rows are
/// held out and is written into profiles. No protection against chosen collisions.
///
/// Multiply-and-fold over 8-byte words (little endian), after the manner of wyhash.
package enum StableHash {
    private static let k0: UInt64 = 0xa076_1d64_78bd_642f
    private static let k1: UInt64 = 0xe703_7ed1_a0b4_28db

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// A word's hash.
    @inline(__always)
    package static func of(_ word: UInt64) -> UInt64 { finish(word ^ k0, 8) }

    /// One fold leaves traces of words that differ in few bits; the second removes them.
    @inline(__always)
    private static func finish(_ word: UInt64, _ count: UInt64) -> UInt64 {
        fold(fold(word, k1 ^ count) ^ k1, k0)
    }

    @inline(__always)
    static func of(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        let raw = UnsafeRawPointer(start)
        var state = k0
        var offset = 0
        while offset &+ 8 <= count {
            let word = UInt64(
                littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            state = fold(state ^ word, k1)
            offset &+= 8
        }
        var last: UInt64 = 0
        let rest = count &- offset
        if rest >= 4 {
            let low = UInt32(
                littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            let high = UInt32(
                littleEndian: raw.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            last = UInt64(low) | UInt64(high) << 32
        } else if rest > 0 {
            last = UInt64(start[offset]) << 16 | UInt64(start[offset &+ (rest &>> 1)]) << 8
            last |= UInt64(start[count &- 1])
        }
        return finish(state ^ last, UInt64(truncatingIfNeeded: count))
    }

    package static func of(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return finish(k0, 0) }
            return of(base, buffer.count)
        }
    }

    package static func of(_ text: String) -> UInt64 { of(Array(text.utf8)) }
}
