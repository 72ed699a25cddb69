import Checksums

/// The SHA-256 of some bytes: the name under which the vault keeps them.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 32 bytes as four big-endian words, the first bytes in the first word.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    /// Takes the 32 bytes as four big-endian words.
    public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Of these bytes.
    package init(of bytes: [UInt8]) { self.init(words: SHA256.hash(bytes).words) }

    /// Takes exactly 32 bytes; nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// Takes 64 lower- or upper-case hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) { self.init(hexadecimal: String(hex).utf8.span) }

    /// The same from bytes.
    init?(hexadecimal digits: Span<UInt8>) {
        guard digits.count == 64, let a = hexadecimalWord(digits, 0),
            let b = hexadecimalWord(digits, 16), let c = hexadecimalWord(digits, 32),
            let d = hexadecimalWord(digits, 48)
        else { return nil }
        words = (a, b, c, d)
    }

    public var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
        }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { hexadecimal(bytes) }

    /// The first twelve digits: enough for a person to tell two apart.
    public var short: String { String(hex.prefix(12)) }

    public var description: String { hex }

    public static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
    public static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }

    public func hash(into hasher: inout Hasher) {
        // Already uniform: one word is enough for a table.
        hasher.combine(words.0)
    }
}

extension Digest: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Digest(hex: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected 64 hexadecimal digits")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// The number that sixteen hexadecimal digits from an index on are.
private func hexadecimalWord(_ digits: Span<UInt8>, _ start: Int) -> UInt64? {
    var word: UInt64 = 0
    var isWrong = false
    // Without a branch for each digit: nothing tells a processor which are letters.
    for index in start..<start + 16 {
        let number = digits[index] &- UInt8(ascii: "0")
        let letter = (digits[index] | 0x20) &- UInt8(ascii: "a")
        word = word << 4 | UInt64(number < 10 ? number : letter &+ 10)
        isWrong = isWrong || number >= 10 && letter >= 6
    }
    return isWrong ? nil : word
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    for byte in bytes {
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
}
