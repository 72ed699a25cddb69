/// The unquoted texts that stand for "no value", made ready for a quick look.
struct NullTokens: Sendable {
    private let tokens: [[UInt8]]
    private let longest: Int
    private let includesEmpty: Bool
    private var firstBytes: (UInt64, UInt64) = (0, 0)

    init(_ texts: [String]) {
        tokens = texts.map { Array($0.utf8) }.filter { !$0.isEmpty }
        longest = tokens.map(\.count).max() ?? 0
        includesEmpty = texts.contains("")
        for token in tokens where token[0] < 128 {
            if token[0] < 64 {
                firstBytes.0 |= 1 << UInt64(token[0])
            } else {
                firstBytes.1 |= 1 << UInt64(token[0] - 64)
            }
        }
        if tokens.contains(where: { $0[0] >= 128 }) { firstBytes = (.max, .max) }
    }

    @inline(__always)
    func contains(_ field: Field) -> Bool {
        let count = field.count
        if count == 0 { return field.isNull || (includesEmpty && !field.isQuoted) }
        if count > longest || field.isQuoted { return false }
        let first = field.start[0]
        let word = first < 64 ? firstBytes.0 : firstBytes.1
        if word &>> UInt64(first & 63) & 1 == 0 { return false }
        return isToken(field.start, count)
    }

    @inline(never)
    private func isToken(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        tokens.contains { $0.elementsEqual(UnsafeBufferPointer(start: start, count: count)) }
    }
}
