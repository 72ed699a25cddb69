import Glibc

/// A number read from text.
struct ParsedNumber {
    enum Kind { case none, integer, number }
    var kind: Kind
    var value: Double
    var integer: Int64
    /// Written in a way that a number would lose: `007`, `+49`, or too many digits. Such a text is a
    /// number only where a contract says so.
    var losesSpelling: Bool

    static let none = ParsedNumber(kind: .none, value: 0, integer: 0, losesSpelling: false)
}

private let exactPowersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

/// Reads decimal numbers: digits, one point, an exponent. No hexadecimal, no `inf` or `nan`, no
/// separators or spaces, nothing that overflows to infinity. The double is the nearest one.
@inline(__always)
func parseNumber(_ start: UnsafePointer<UInt8>, _ count: Int) -> ParsedNumber {
    // Up to 18 characters of digits, with or without a point, are most of what there is to read.
    if count > 0, count <= 18 {
        let negative = start[0] == UInt8(ascii: "-")
        var index = negative ? 1 : 0
        let first = index
        var value: Int64 = 0
        var point = -1
        while index < count {
            let digit = start[index] &- 48
            if digit <= 9 {
                value = value &* 10 &+ Int64(digit)
            } else if digit == UInt8(ascii: ".") &- 48, point < 0 {
                point = index
            } else {
                let byte = start[index]
                let isPossible = byte == UInt8(ascii: "+") || byte | 0x20 == UInt8(ascii: "e")
                return isPossible ? parseAnyNumber(start, count) : .none
            }
            index &+= 1
        }
        if point < 0 {
            if index == first { return .none }
            let signed = negative ? 0 &- value : value
            return ParsedNumber(
                kind: .integer, value: Double(signed), integer: signed,
                losesSpelling: start[first] == 48 && count &- first > 1)
        }
        // A whole double and an exact power of ten: the division rounds once (Clinger 1990).
        if value <= 1 << 53, count &- first > 1 {
            let magnitude = Double(value) / exactPowersOfTen[count &- point &- 1]
            return ParsedNumber(
                kind: .number, value: negative ? -magnitude : magnitude, integer: 0,
                losesSpelling: start[first] == 48 && point &- first > 1)
        }
    }
    return parseAnyNumber(start, count)
}

private let longestNumber = 512

@inline(never)
private func parseAnyNumber(_ start: UnsafePointer<UInt8>, _ count: Int) -> ParsedNumber {
    guard count > 0, count <= longestNumber else { return .none }
    var index = 0
    let negative = start[0] == UInt8(ascii: "-")
    let plus = start[0] == UInt8(ascii: "+")
    if negative || plus { index = 1 }
    let firstDigit = index
    var digits: UInt64 = 0  // up to 19 significant digits
    var significant = 0
    var scale = 0
    while index < count, start[index] &- 48 <= 9 {
        take(start[index] &- 48, &digits, &significant, fraction: false, &scale)
        index += 1
    }
    let wholeDigits = index - firstDigit
    var fractionDigits = 0
    var isWhole = true
    if index < count, start[index] == UInt8(ascii: ".") {
        isWhole = false
        index += 1
        while index < count, start[index] &- 48 <= 9 {
            take(start[index] &- 48, &digits, &significant, fraction: true, &scale)
            fractionDigits += 1
            index += 1
        }
    }
    guard wholeDigits + fractionDigits > 0 else { return .none }
    if index < count, start[index] | 0x20 == UInt8(ascii: "e") {
        isWhole = false
        guard let exponent = parseExponent(start, count, &index) else { return .none }
        scale += exponent
    }
    guard index == count else { return .none }
    let leadingZero = wholeDigits > 1 && start[firstDigit] == 48
    if isWhole {
        return wholeNumber(
            start, count, negative: negative, digits: digits, significant: significant,
            losesSpelling: leadingZero || plus)
    }
    guard let value = nearest(start, count, negative, digits, significant, scale) else {
        return .none
    }
    return ParsedNumber(kind: .number, value: value, integer: 0, losesSpelling: leadingZero || plus)
}

@inline(__always)
private func take(
    _ digit: UInt8, _ digits: inout UInt64, _ significant: inout Int, fraction: Bool,
    _ scale: inout Int
) {
    if significant < 19 {
        digits = digits &* 10 &+ UInt64(digit)
        if digits != 0 { significant &+= 1 }
        if fraction { scale &-= 1 }
    } else {
        significant &+= 1
        if !fraction { scale &+= 1 }
    }
}

/// Up to four digits count; more are an exponent that overflows or vanishes anyway.
private func parseExponent(
    _ start: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int
) -> Int? {
    index += 1
    var negative = false
    if index < count, start[index] == UInt8(ascii: "-") || start[index] == UInt8(ascii: "+") {
        negative = start[index] == UInt8(ascii: "-")
        index += 1
    }
    let first = index
    var exponent = 0
    while index < count, start[index] &- 48 <= 9 {
        exponent = min(exponent * 10 + Int(start[index] &- 48), 99_999)
        index += 1
    }
    return index == first ? nil : (negative ? -exponent : exponent)
}

private func wholeNumber(
    _ start: UnsafePointer<UInt8>, _ count: Int, negative: Bool, digits: UInt64, significant: Int,
    losesSpelling: Bool
) -> ParsedNumber {
    let limit = negative ? UInt64(1) << 63 : (UInt64(1) << 63) - 1
    if significant <= 19, digits <= limit {
        let signed = negative ? Int64(truncatingIfNeeded: 0 &- digits) : Int64(digits)
        return ParsedNumber(
            kind: .integer, value: Double(signed), integer: signed, losesSpelling: losesSpelling)
    }
    // Too large for 64 bits: a number if somebody asks for one, but digits would be lost.
    guard let value = slowDouble(start, count) else { return .none }
    return ParsedNumber(kind: .number, value: value, integer: 0, losesSpelling: true)
}

private func nearest(
    _ start: UnsafePointer<UInt8>, _ count: Int, _ negative: Bool, _ digits: UInt64,
    _ significant: Int, _ scale: Int
) -> Double? {
    // Both are exact doubles, so that one operation rounds once (Clinger 1990).
    if significant <= 19, digits <= 1 << 53, scale >= -22, scale <= 22 {
        let magnitude = Double(digits)
        let value =
            scale < 0 ? magnitude / exactPowersOfTen[-scale] : magnitude * exactPowersOfTen[scale]
        return negative ? -value : value
    }
    return slowDouble(start, count)
}

/// The C library's reading, for a text that is known to be a decimal number.
private func slowDouble(_ start: UnsafePointer<UInt8>, _ count: Int) -> Double? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer -> Double? in
        for index in 0..<count { buffer[index] = CChar(bitPattern: start[index]) }
        buffer[count] = 0
        guard let base = buffer.baseAddress else { return nil }
        let value = strtod(base, nil)
        return value.isFinite ? value : nil
    }
}
