import CChecksums

/// SHA-256 (FIPS 180-4), streaming and at once.
///
///     var hash = SHA256()
///     hash.update(chunk)
///     let value = hash.finish()
package struct SHA256: Sendable {
    /// The 32 bytes of a hash, as four big-endian words, the first bytes in the first word.
    package struct Value: Hashable, Sendable, CustomStringConvertible {
        package let words: (UInt64, UInt64, UInt64, UInt64)

        package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

        /// From the eight words of the standard.
        fileprivate init(_ state: borrowing [8 of UInt32]) {
            func word(_ index: Int) -> UInt64 {
                UInt64(state[index]) << 32 | UInt64(state[index + 1])
            }
            words = (word(0), word(2), word(4), word(6))
        }

        /// 32 zero bytes: what stands where there is nothing to be hashed.
        package static let zero = Value(words: (0, 0, 0, 0))

        package var bytes: [UInt8] {
            [words.0, words.1, words.2, words.3].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
            }
        }

        /// 64 lower-case hexadecimal digits.
        package var description: String {
            let digits = Array("0123456789abcdef".utf8)
            return String(
                decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
                as: UTF8.self)
        }

        package static func == (a: Value, b: Value) -> Bool { a.words == b.words }
        package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    }

    /// Which code does the work; tests ask for `.portable` to compare.
    package enum Method: Sendable {
        case instructions, portable
    }

    /// `.instructions` where the processor has them.
    package static let best: Method = cchecksums_has_sha256() == 1 ? .instructions : .portable

    private var state = SHA256.start
    /// The bytes of a block that is not yet full.
    private var pending: [64 of UInt8] = .init(repeating: 0)
    private var pendingCount = 0
    private var total: UInt64 = 0
    private let method: Method

    package init() { method = SHA256.best }

    /// Asking for instructions that the processor lacks gives the portable code.
    package init(method: Method) { self.method = method == SHA256.best ? method : .portable }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        total &+= UInt64(bytes.count)
        var rest = bytes[...]
        if pendingCount > 0 {
            let take = min(64 - pendingCount, rest.count)
            for (index, byte) in rest.prefix(take).enumerated() {
                pending[pendingCount + index] = byte
            }
            pendingCount += take
            rest = rest.dropFirst(take)
            guard pendingCount == 64 else { return }
            pending.span.withUnsafeBytes { SHA256.compress(&state, $0, method) }
            pendingCount = 0
        }
        let whole = rest.count / 64 * 64
        if whole > 0 {
            let blocks = UnsafeRawBufferPointer(rebasing: rest.prefix(whole))
            SHA256.compress(&state, blocks, method)
        }
        for byte in rest.dropFirst(whole) {
            pending[pendingCount] = byte
            pendingCount += 1
        }
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The hash of all bytes so far. The value can go on afterwards as though it had not been asked.
    package func finish() -> Value {
        var copy = self
        return copy.pad()
    }

    /// The hash of some bytes.
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Value {
        guard best == .instructions, let base = bytes.baseAddress else {
            var hash = SHA256()
            hash.update(bytes)
            return hash.pad()
        }
        var words: [8 of UInt32] = .init(repeating: 0)
        var span = words.mutableSpan
        span.withUnsafeMutableBufferPointer {
            cchecksums_sha256(base, bytes.count, $0.baseAddress)
        }
        return Value(words)
    }

    /// The hashes of two runs of bytes, which takes little longer than one does.
    package static func hash(
        _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer
    ) -> (Value, Value) {
        guard best == .instructions, let baseA = a.baseAddress, let baseB = b.baseAddress else {
            return (hash(a), hash(b))
        }
        var wordsA: [8 of UInt32] = .init(repeating: 0)
        var wordsB: [8 of UInt32] = .init(repeating: 0)
        var spanA = wordsA.mutableSpan
        var spanB = wordsB.mutableSpan
        spanA.withUnsafeMutableBufferPointer { hashA in
            spanB.withUnsafeMutableBufferPointer { hashB in
                cchecksums_sha256_two(
                    baseA, a.count, hashA.baseAddress, baseB, b.count, hashB.baseAddress)
            }
        }
        return (Value(wordsA), Value(wordsB))
    }

    package static func hash(_ bytes: [UInt8]) -> Value { bytes.withUnsafeBytes { hash($0) } }

    private mutating func pad() -> Value {
        let bits = total &* 8
        pending[pendingCount] = 0x80
        for index in pendingCount + 1..<64 { pending[index] = 0 }
        if pendingCount >= 56 {
            pending.span.withUnsafeBytes { SHA256.compress(&state, $0, method) }
            pending = .init(repeating: 0)
        }
        for index in 0..<8 {
            pending[56 + index] = UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64(index)))
        }
        pending.span.withUnsafeBytes { SHA256.compress(&state, $0, method) }
        return Value(state)
    }

    private static func compress(
        _ state: inout [8 of UInt32], _ blocks: UnsafeRawBufferPointer, _ method: Method
    ) {
        guard let base = blocks.baseAddress else { return }
        switch method {
        case .instructions:
            var span = state.mutableSpan
            span.withUnsafeMutableBufferPointer { state in
                cchecksums_sha256_blocks(state.baseAddress, base, blocks.count / 64)
            }
        case .portable:
            for block in 0..<blocks.count / 64 { compress(&state, base + block * 64) }
        }
    }
}
