/// What the first bytes of a CSV file tell about the way it is written.
enum Dialect {
    /// A text in another encoding than UTF-8, recognised by its byte order mark or its zero bytes.
    static func foreignEncoding(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> (words: String, byteOffset: Int)? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return ("the file is UTF-16; save it as UTF-8", 0)
        }
        // Text in UTF-16 without a mark has a zero in nearly every second byte.
        let sample = bytes.prefix(512)
        guard sample.count >= 16 else { return nil }
        var zeros = [0, 0]
        for (index, byte) in sample.enumerated() where byte == 0 { zeros[index & 1] += 1 }
        let half = sample.count / 2
        for parity in 0...1 where zeros[parity] > half * 3 / 4 && zeros[1 - parity] < half / 4 {
            return ("the file looks like UTF-16; save it as UTF-8", parity)
        }
        return nil
    }

    /// CR alone ends lines only where the first line ends with it and no LF is near.
    static func lineEnd(_ text: UnsafeBufferPointer<UInt8>) -> UInt8 {
        let sample = text.prefix(1 << 16)
        return !sample.contains(0x0A) && sample.contains(0x0D) ? 0x0D : 0x0A
    }

    /// `sep=;` in a line of its own.
    static func announcedDelimiter(
        _ text: UnsafeBufferPointer<UInt8>
    ) -> (delimiter: UInt8, length: Int)? {
        guard text.starts(with: Array("sep=".utf8)), text.count >= 6,
            text[4] != 0x22, text[4] != 0x0A, text[4] != 0x0D
        else { return nil }
        if text[5] == 0x0A { return (text[4], 6) }
        if text.count >= 7, text[5] == 0x0D { return (text[4], text[6] == 0x0A ? 7 : 6) }
        return nil
    }

    /// The candidate that cuts most of the first lines into as many fields as the header has.
    static func delimiter(_ text: UnsafeBufferPointer<UInt8>, lineEnd: UInt8) -> UInt8 {
        var best = UInt8(ascii: ",")
        var bestScore = (agreeing: 0, fields: 0)
        for candidate in [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, UInt8(ascii: "|")] {
            let counts = fieldCounts(text, delimiter: candidate, lineEnd: lineEnd)
            guard let header = counts.first, header > 1 else { continue }
            let score = (agreeing: counts.count { $0 == header }, fields: header)
            if score > bestScore { (best, bestScore) = (candidate, score) }
        }
        return best
    }

    /// Fields of the first lines, as far as quotes let one tell.
    private static func fieldCounts(
        _ text: UnsafeBufferPointer<UInt8>, delimiter: UInt8, lineEnd: UInt8
    ) -> [Int] {
        var counts: [Int] = []
        var fields = 1
        var isBlank = true
        var inQuotes = false
        for byte in text.prefix(1 << 16) {
            if byte == 0x22 { inQuotes.toggle() }
            if inQuotes { continue }
            if byte == delimiter {
                fields += 1
                isBlank = false
            } else if byte == lineEnd {
                if !isBlank { counts.append(fields) }
                if counts.count == 50 { return counts }
                (fields, isBlank) = (1, true)
            } else if byte != 0x0D {
                isBlank = false
            }
        }
        if counts.isEmpty, !isBlank { counts.append(fields) }
        return counts
    }
}
