/// Reads JSON5 (https://spec.json5.org), less what `JSON5Document` refuses.
///
/// Settings are small: comfort of reading comes before speed, and characters before bytes.
/// Offsets of faults are in characters.
struct JSON5Parser {
    let text: [Unicode.Scalar]
    let depthLimit: Int
    var index = 0
    private var depth = 0

    init(text: [Unicode.Scalar], depthLimit: Int) {
        self.text = text
        self.depthLimit = depthLimit
    }

    var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

    mutating func document() throws(JSONFault) -> (JSONValue, JSON5Place) {
        try skipSpace()
        let result = try value()
        try skipSpace()
        guard next == nil else {
            throw JSONFault("expected the end after the value, found \(found)", at: index)
        }
        return result
    }

    private mutating func value() throws(JSONFault) -> (JSONValue, JSON5Place) {
        let place = JSON5Place(offset: index)
        switch next {
        case "{": return try object()
        case "[": return try array()
        case "\"", "'": return (.string(try string()), place)
        case let first? where ("0"..."9").contains(first) || "+-.".unicodeScalars.contains(first):
            return (try number(), place)
        default:
            guard let word = identifier() else {
                throw JSONFault("expected a value, found \(found)", at: index)
            }
            switch word {
            case "true": return (true, place)
            case "false": return (false, place)
            case "null": return (nil, place)
            case "NaN", "Infinity": throw JSONFault("\(word) is no setting", at: place.offset)
            default:
                throw JSONFault(
                    "expected a value, found \(quoted(word)); a text needs quotes",
                    at: place.offset)
            }
        }
    }

    private mutating func object() throws(JSONFault) -> (JSONValue, JSON5Place) {
        var place = JSON5Place(offset: index)
        try enter()
        var members = JSONMembers()
        while true {
            try skipSpace()
            if take("}") { break }
            let keyOffset = index
            let key = try memberKey()
            try skipSpace()
            guard take(":") else {
                throw JSONFault("expected : after the key, found \(found)", at: index)
            }
            try skipSpace()
            var (value, child) = try value()
            child.offset = keyOffset
            guard members.append(key, value) else {
                throw JSONFault("the key \(quoted(key)) is there twice", at: keyOffset)
            }
            place.children.append(child)
            try skipSpace()
            if take(",") { continue }
            if take("}") { break }
            throw JSONFault("expected , or } here, found \(found)", at: index)
        }
        depth -= 1
        return (.object(members.members), place)
    }

    private mutating func array() throws(JSONFault) -> (JSONValue, JSON5Place) {
        var place = JSON5Place(offset: index)
        try enter()
        var elements: [JSONValue] = []
        while true {
            try skipSpace()
            if take("]") { break }
            let (value, child) = try value()
            elements.append(value)
            place.children.append(child)
            try skipSpace()
            if take(",") { continue }
            if take("]") { break }
            throw JSONFault("expected , or ] here, found \(found)", at: index)
        }
        depth -= 1
        return (.array(elements), place)
    }

    private mutating func enter() throws(JSONFault) {
        guard depth < depthLimit else {
            throw JSONFault("more than \(depthLimit) levels lie in each other", at: index)
        }
        depth += 1
        index += 1
    }

    private mutating func memberKey() throws(JSONFault) -> String {
        if next == "\"" || next == "'" { return try string() }
        guard let key = identifier() else {
            throw JSONFault("expected a key, found \(found)", at: index)
        }
        return key
    }

    /// A name as in ECMAScript, without escapes.
    private mutating func identifier() -> String? {
        var name = ""
        while let scalar = next,
            scalar == "$" || scalar == "_" || scalar.properties.isIDStart
                || !name.isEmpty && scalar.properties.isIDContinue
        {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        return name.isEmpty ? nil : name
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    /// Passes over white space and comments.
    private mutating func skipSpace() throws(JSONFault) {
        while let scalar = next {
            if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                index += 1
            } else if scalar == "/" {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(JSONFault) {
        let start = index
        index += 1
        if take("/") {
            while let scalar = next, !isLineEnd(scalar) { index += 1 }
        } else if take("*") {
            while true {
                guard next != nil else {
                    throw JSONFault("this comment has no end", at: start)
                }
                if take("*") {
                    if take("/") { return }
                } else {
                    index += 1
                }
            }
        } else {
            throw JSONFault("expected a value or a key, found /", at: start)
        }
    }

    func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    /// What stands here, for a message.
    var found: String {
        guard let next else { return "the end" }
        return isLineEnd(next) ? "the end of the line" : printable(String(next))
    }
}
