import Checksums
import Testing

@Suite struct `CRC-32C` {
    /// RFC 3720, appendix B.4, and the customary check value.
    static let published: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ([UInt8](0..<32), 0x46DD_794E),
        ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
        ([UInt8]("123456789".utf8), 0xE306_9283),
        ([], 0),
    ]

    @Test(arguments: published)
    func `agrees with the published values`(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.checksum(bytes) == expected)
        #expect(bytes.withUnsafeBytes { CRC32C.portable($0) } == expected)
    }

    @Test func `is the same with and without instructions, for every length and seed`() {
        let bytes = (0..<300).map { (index: Int) in
            UInt8(truncatingIfNeeded: index &* 167 &+ index >> 3)
        }
        for length in 0...bytes.count {
            for start in [0, 1, 3, 7] where start <= length {
                let part = Array(bytes[start..<length])
                let seed = UInt32(truncatingIfNeeded: length &* 0x9E37_79B9)
                let portable = part.withUnsafeBytes { CRC32C.portable($0, seed: seed) }
                #expect(CRC32C.checksum(part, seed: seed) == portable)
            }
        }
    }

    @Test func `is the same where three stretches are summed side by side`() {
        let bytes = (0..<5000).map { (index: Int) in UInt8(truncatingIfNeeded: index &* index) }
        for length in stride(from: 1, through: bytes.count, by: 37) {
            let part = Array(bytes[..<length])
            let portable = part.withUnsafeBytes { CRC32C.portable($0, seed: 99) }
            #expect(CRC32C.checksum(part, seed: 99) == portable)
        }
    }

    @Test func `goes on from the checksum of what came before`() {
        let bytes = Array("the wheel turns while the water runs".utf8)
        let whole = CRC32C.checksum(bytes)
        for cut in 0...bytes.count {
            let first = CRC32C.checksum(Array(bytes[..<cut]))
            #expect(CRC32C.checksum(Array(bytes[cut...]), seed: first) == whole)
        }
    }
}

@Suite struct `SHA-256` {
    @Test(arguments: [
        // NIST, examples with intermediate values for FIPS 180-4.
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func `agrees with the published values`(text: String, expected: String) {
        #expect(SHA256.hash(Array(text.utf8)).description == expected)
        var portable = SHA256(method: .portable)
        portable.update(Array(text.utf8))
        #expect(portable.finish().description == expected)
    }

    @Test func `of two messages side by side is that of each`() {
        let bytes = (0..<400).map { (index: Int) in UInt8(truncatingIfNeeded: index &* 77 &+ 5) }
        for length in stride(from: 0, through: bytes.count, by: 3) {
            for other in [0, 1, 55, 56, 63, 64, 119, 120, 300, bytes.count - length] {
                bytes.withUnsafeBytes { buffer in
                    let a = UnsafeRawBufferPointer(rebasing: buffer[..<length])
                    let b = UnsafeRawBufferPointer(rebasing: buffer[(400 - other)...])
                    let (first, second) = SHA256.hash(a, b)
                    #expect(first == Self.portable(a) && second == Self.portable(b))
                }
            }
        }
    }

    private static func portable(_ bytes: UnsafeRawBufferPointer) -> SHA256.Value {
        var hash = SHA256(method: .portable)
        hash.update(bytes)
        return hash.finish()
    }

    @Test func `is the same with and without instructions, for every length up to four blocks`() {
        let bytes = (0..<260).map { (index: Int) in UInt8(truncatingIfNeeded: index &* 31 &+ 7) }
        for length in 0..<bytes.count {
            var portable = SHA256(method: .portable)
            portable.update(Array(bytes[..<length]))
            #expect(SHA256.hash(Array(bytes[..<length])) == portable.finish())
        }
    }

    @Test func `does not depend on how the bytes are cut into pieces`() {
        let bytes = (0..<1000).map { (index: Int) in UInt8(truncatingIfNeeded: index &* 13) }
        let whole = SHA256.hash(bytes)
        for piece in [1, 3, 63, 64, 65, 127, 128, 500] {
            var hash = SHA256()
            var start = 0
            while start < bytes.count {
                let end = min(start + piece, bytes.count)
                hash.update(bytes[start..<end])
                // Asking in between changes nothing.
                _ = hash.finish()
                start = end
            }
            #expect(hash.finish() == whole)
        }
        #expect(whole.bytes.count == 32)
    }
}
