/// Bytes from outside as text that is safe to print: control characters and bytes that are not UTF-8
/// are spelled out, and what is longer than `limit` bytes is cut.
func escapedText(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int) -> String {
    var text = ""
    var rest = bytes.prefix(limit)
    var isCut = bytes.count > limit
    // A character that the cut went through is left out.
    if isCut { while let last = rest.last, last & 0xC0 == 0x80 { rest = rest.dropLast() } }
    if isCut, let last = rest.last, last >= 0xC0 { rest = rest.dropLast() }
    if rest.isEmpty, isCut { rest = bytes.prefix(limit) }
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = rest.makeIterator()
    loop: while true {
        switch decoder.parseScalar(from: &iterator) {
        case .valid(let encoded):
            let scalar = Unicode.UTF8.decode(encoded)
            if scalar.value < 0x20 || scalar.value == 0x7F || isUnprintable(scalar) {
                text += escape(scalar)
            } else {
                text.unicodeScalars.append(scalar)
            }
        case .error(let length):
            text += "\\u{FFFD}"
            if length <= 0 { isCut = true }
        case .emptyInput: break loop
        }
    }
    return isCut ? text + "…" : text
}

/// Direction marks and separators can make a report show something else than what is there.
private func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: true
    default: false
    }
}

private func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
}

func escapedText(_ text: String, limit: Int) -> String {
    Array(text.utf8).withUnsafeBufferPointer { escapedText($0, limit: limit) }
}
