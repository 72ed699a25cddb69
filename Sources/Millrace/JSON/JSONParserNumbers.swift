extension JSONParser {
    static let tooLarge = "this number is too large"

    mutating func number(_ text: Span<UInt8>) throws(JSONFault) -> JSONValue {
        let start = index
        let isNegative = text[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var decimal = Decimal()
        guard let first = digit(text) else {
            throw JSONFault(
                "expected a digit, found \(describeByte(at: index, in: text))", at: index)
        }
        if first == 0 {
            index += 1
            guard digit(text) == nil else {
                throw JSONFault("a number does not begin with 0", at: start)
            }
        } else {
            while let digit = digit(text) {
                decimal.append(digit)
                index += 1
            }
        }
        var isWhole = true
        if index < text.count, text[index] == UInt8(ascii: ".") {
            isWhole = false
            index += 1
            try fraction(text, into: &decimal)
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            index += 1
            try exponent(text, into: &decimal)
        }
        if isWhole, let whole = decimal.integer(isNegative: isNegative) { return .integer(whole) }
        let value: Double?
        if let exact = decimal.double {
            value = isNegative ? -exact : exact
        } else {
            value = Double(makeASCIIString(text, start..<index))
        }
        guard let value, value.isFinite else {
            throw JSONFault(Self.tooLarge, at: start)
        }
        return .number(value)
    }

    private func digit(_ text: Span<UInt8>) -> UInt8? {
        guard index < text.count else { return nil }
        let digit = text[index] &- UInt8(ascii: "0")
        return digit < 10 ? digit : nil
    }

    private mutating func fraction(
        _ text: Span<UInt8>, into decimal: inout Decimal
    ) throws(JSONFault) {
        let start = index
        while let digit = digit(text) {
            decimal.appendFraction(digit)
            index += 1
        }
        guard index > start else {
            throw JSONFault(
                "expected a digit after the point, found \(describeByte(at: index, in: text))",
                at: index)
        }
    }

    private mutating func exponent(
        _ text: Span<UInt8>, into decimal: inout Decimal
    ) throws(JSONFault) {
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+")
        {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        let start = index
        var exponent = 0
        while let digit = digit(text) {
            // Beyond this every double is zero or infinite: the exact value no longer matters.
            if exponent < 100_000 { exponent = exponent * 10 + Int(digit) }
            index += 1
        }
        guard index > start else {
            throw JSONFault(
                "expected a digit in the exponent, found \(describeByte(at: index, in: text))",
                at: index)
        }
        decimal.exponent += isNegative ? -exponent : exponent
    }
}

/// `significand` times ten to the `exponent`, as read; tells when that is all of it.
private struct Decimal {
    var significand: UInt64 = 0
    var exponent = 0
    /// False once a digit was left out because 64 bits were full.
    var isExact = true

    mutating func append(_ digit: UInt8) {
        // 19 digits always fit; a twentieth may not.
        guard significand < 1_000_000_000_000_000_000 else {
            isExact = false
            return
        }
        significand = significand * 10 + UInt64(digit)
    }

    mutating func appendFraction(_ digit: UInt8) {
        append(digit)
        if isExact { exponent -= 1 }
    }

    /// Nil when it does not fit, and for minus zero, which only a `Double` has.
    func integer(isNegative: Bool) -> Int64? {
        guard isExact else { return nil }
        if !isNegative { return Int64(exactly: significand) }
        if significand == 0 { return nil }
        if significand == 1 << 63 { return Int64.min }
        return Int64(exactly: significand).map { -$0 }
    }

    /// The double that is certainly nearest; nil when that needs more than one exact operation
    /// (Clinger, "How to read floating point numbers accurately", 1990).
    var double: Double? {
        guard isExact, significand <= 1 << 53, abs(exponent) <= 22 else { return nil }
        let power = Self.powers[abs(exponent)]
        return exponent < 0 ? Double(significand) / power : Double(significand) * power
    }

    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}
