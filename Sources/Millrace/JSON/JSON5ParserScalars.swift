extension JSON5Parser {
    /// Reads a text in either kind of quotes.
    mutating func string() throws(JSONFault) -> String {
        let start = index
        let quote = next
        index += 1
        var result = String.UnicodeScalarView()
        while true {
            guard let scalar = next else {
                throw JSONFault("this text has no closing quote", at: start)
            }
            if scalar == quote {
                index += 1
                return String(result)
            }
            if scalar == "\\" {
                index += 1
                if let escaped = try escape() { result.append(escaped) }
            } else if scalar == "\n" || scalar == "\r" {
                throw JSONFault("this text has no closing quote on its line", at: start)
            } else {
                result.append(scalar)
                index += 1
            }
        }
    }

    /// What stands behind a backslash; nil for a line that is continued.
    private mutating func escape() throws(JSONFault) -> Unicode.Scalar? {
        guard let scalar = next else {
            throw JSONFault("expected an escape after \\, found the end", at: index)
        }
        let start = index - 1
        index += 1
        switch scalar {
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "0" where !("0"..."9").contains(next ?? " "): return "\0"
        case "0"..."9": throw JSONFault("JSON5 has no escape \\\(scalar)", at: start)
        case "x":
            return Unicode.Scalar(UInt8(truncatingIfNeeded: try hexadecimal(digits: 2)))
        case "u": return try unicodeEscape(start)
        case "\r":
            _ = take("\n")
            return nil
        case "\n", "\u{2028}", "\u{2029}": return nil
        default: return scalar
        }
    }

    private mutating func unicodeEscape(_ start: Int) throws(JSONFault) -> Unicode.Scalar {
        let first = try hexadecimal(digits: 4)
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, take("\\"), take("u") {
            let second = try hexadecimal(digits: 4)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw JSONFault("half a surrogate pair is no character", at: start)
    }

    private mutating func hexadecimal(digits: Int) throws(JSONFault) -> UInt32 {
        var result: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = next?.asciiValue.flatMap(hexadecimalValue) else {
                throw JSONFault("expected \(digits) hexadecimal digits, found \(found)", at: index)
            }
            result = result << 4 | UInt32(digit)
            index += 1
        }
        return result
    }

    /// Reads a number by writing it the way of JSON, and reading that.
    mutating func number() throws(JSONFault) -> JSONValue {
        let start = index
        let token = numberToken()
        var digits = token[...]
        let sign = digits.first == "-" ? "-" : ""
        if digits.first == "-" || digits.first == "+" { digits = digits.dropFirst() }
        if digits.hasPrefix("Infinity") || digits.hasPrefix("NaN") {
            throw JSONFault("\(token) is no setting", at: start)
        }
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            let hexadecimal = digits.dropFirst(2)
            guard hexadecimal.first?.isHexDigit == true else {
                throw JSONFault("expected hexadecimal digits after 0x", at: start)
            }
            guard let value = Int64(sign + hexadecimal, radix: 16) else {
                let isTooLarge = hexadecimal.allSatisfy(\.isHexDigit)
                throw JSONFault(
                    isTooLarge ? JSONParser.tooLarge : "\(quoted(token)) is no number",
                    at: start)
            }
            return .integer(value)
        }
        guard digits.contains(where: { $0.isASCII && $0.isNumber }) else {
            throw JSONFault("\(quoted(token)) is no number", at: start)
        }
        if digits.first == "." { digits = "0" + digits }
        if let point = digits.firstIndex(of: ".") {
            let behind = digits.index(after: point)
            if behind == digits.endIndex || !digits[behind].isNumber {
                digits.insert("0", at: behind)
            }
        }
        do {
            return try JSONValue(parsing: Array((sign + digits).utf8))
        } catch {
            let isTooLarge = error.message == JSONParser.tooLarge
            throw JSONFault(
                isTooLarge ? error.message : "\(quoted(token)) is no number", at: start)
        }
    }

    /// Everything that could belong to a number, so that `1x` is one mistake and not two.
    private mutating func numberToken() -> String {
        var token = ""
        while let scalar = next {
            let isSign = scalar == "+" || scalar == "-"
            let mayHaveSign = token.isEmpty || token.hasSuffix("e") || token.hasSuffix("E")
            guard scalar == "." || isSign && mayHaveSign || scalar.properties.isIDContinue else {
                break
            }
            token.unicodeScalars.append(scalar)
            index += 1
        }
        return token
    }
}

extension Unicode.Scalar {
    fileprivate var asciiValue: UInt8? { isASCII ? UInt8(value) : nil }
}
