/// A settings file: JSON5, the JSON that people like to write, together with the place of each key.
///
/// Comments, commas at the end, keys without quotes, single quotes, hexadecimal numbers, `+1`,
/// `.5`, and lines continued by a backslash are read. What JSON5 allows beyond that and a setting
/// never needs is refused: `Infinity`, `NaN`, and escapes in keys without quotes. A key twice in
/// one object is an error, as in `JSONValue`.
public struct JSON5Document: Hashable, Sendable {
    public let value: JSONValue
    private let places: JSON5Place
    /// Where each line begins, in characters from the start of the file.
    private let lineStarts: [Int]

    /// Reads one text, at most 1 MiB and 64 levels unless said otherwise.
    public init(
        parsing bytes: [UInt8], limits: JSONLimits = .settings
    ) throws(JSONError) {
        guard bytes.count <= limits.byteCount else {
            throw JSONError(
                JSONFault(
                    "the text has \(bytes.count) bytes; at most \(limits.byteCount) are read",
                    at: 0), in: bytes.span)
        }
        let text: [Unicode.Scalar]
        do {
            text = Array(try makeString(bytes.span, 0..<bytes.count).unicodeScalars)
        } catch {
            throw JSONError(error, in: bytes.span)
        }
        var parser = JSON5Parser(text: text, depthLimit: limits.depth)
        do {
            (value, places) = try parser.document()
        } catch {
            // The parser counts characters; an error counts bytes.
            let offset = text.prefix(error.offset).reduce(0) { $0 + UTF8.width($1) }
            throw JSONError(JSONFault(error.message, at: offset), in: bytes.span)
        }
        lineStarts = json5LineStarts(text)
    }

    /// Where the key at the end of a path stands, or the element of a list (its index as a text,
    /// from "0"); for the empty path, where the value begins. Nil when nothing is there.
    public func position(of path: [String]) -> SourcePosition? {
        var value = value
        var place = places
        for step in path {
            let index: Int?
            switch value {
            case .object(let members):
                index = members.firstIndex { $0.key == step }
                if let index { value = members[index].value }
            case .array(let elements):
                index = Int(step).flatMap { elements.indices.contains($0) ? $0 : nil }
                if let index { value = elements[index] }
            default: index = nil
            }
            guard let index, place.children.indices.contains(index) else { return nil }
            place = place.children[index]
        }
        let line = lineStarts.lastIndex { $0 <= place.offset } ?? 0
        return SourcePosition(line: line + 1, column: place.offset - lineStarts[line] + 1)
    }

    /// The position of the path, or of as much of it as is there.
    public func nearestPosition(of path: [String]) -> SourcePosition? {
        var path = path
        while true {
            if let position = position(of: path) { return position }
            if path.popLast() == nil { return nil }
        }
    }
}

extension JSONLimits {
    /// 1 MiB and 64 levels: more than any settings file that a person keeps.
    public static let settings = JSONLimits(byteCount: 1 << 20, depth: 64)
}

/// Where a value stands, in characters from the start; children as in the value beside it.
struct JSON5Place: Hashable, Sendable {
    var offset: Int
    var children: [JSON5Place] = []
}

private func json5LineStarts(_ text: [Unicode.Scalar]) -> [Int] {
    var starts = [0]
    for (offset, scalar) in text.enumerated() {
        let isReturnBeforeFeed =
            scalar == "\r" && offset + 1 < text.count && text[offset + 1] == "\n"
        if (scalar == "\n" || scalar == "\r") && !isReturnBeforeFeed { starts.append(offset + 1) }
    }
    return starts
}
