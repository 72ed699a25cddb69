// Names of files, plugin messages and cells of a CSV come from outside. Written to a terminal as they
// are, they could move the cursor, rewrite lines above, set the clipboard or change the title. So every
// text of this module passes through here: what could be a command to the terminal becomes visible.

/// The text with control characters, line separators and bidirectional overrides made visible as
/// Swift writes them (`\n`, `\u{1B}`). A text without any is returned as it is.
package func sanitized(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var clean = ""
    clean.reserveCapacity(text.utf8.count + 8)
    for scalar in text.unicodeScalars {
        if isHarmless(scalar) {
            clean.unicodeScalars.append(scalar)
        } else {
            clean += escaped(scalar)
        }
    }
    return clean
}

/// Bytes from outside (a path) as text that can be shown: what is not UTF-8 appears as `\xNN`.
package func sanitized(bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return sanitized(text) }
    var clean = ""
    var rest = bytes[...]
    while let first = rest.first {
        let length = sequenceLength(startingWith: first)
        let candidate = rest.prefix(length)
        if let text = String(validating: candidate, as: UTF8.self), !text.isEmpty {
            clean += sanitized(text)
            rest = rest.dropFirst(length)
        } else {
            clean += "\\x" + hexadecimal(UInt32(first), digits: 2)
            rest = rest.dropFirst()
        }
    }
    return clean
}

private func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20..<0x7F: true
    case ..<0xA0: false
    // Line and paragraph separators; marks, embeddings, overrides and isolates of direction.
    case 0x2028, 0x2029, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false
    // Characters without a shape, which make two different names look the same. The joiners U+200C
    // and U+200D stay: scripts and emoji need them.
    case 0x180E, 0x200B, 0x2060...0x2064, 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: false
    default: true
    }
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\0": "\\0"
    default: "\\u{" + hexadecimal(scalar.value, digits: 2) + "}"
    }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

private func sequenceLength(startingWith byte: UInt8) -> Int {
    switch byte {
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 1
    }
}
