/// Why some bytes are not the JSON that was asked for, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was found and what was expected there, in plain words.
    public let message: String
    /// The number of bytes before the place.
    public let offset: Int
    /// The place for a person: lines and columns count from 1, a column is one character.
    public let position: SourcePosition

    public var line: Int { position.line }
    public var column: Int { position.column }

    public var description: String { "line \(line), column \(column): \(message)" }

    init(_ fault: JSONFault, in text: Span<UInt8>) {
        message = fault.message
        offset = fault.offset
        position = SourcePosition(offset: fault.offset, in: text)
    }
}

/// A place in a text file: line and column, both from 1.
public struct SourcePosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let line: Int
    /// In characters (Unicode scalars), as editors count.
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public var description: String { "\(line):\(column)" }

    public static func < (a: SourcePosition, b: SourcePosition) -> Bool {
        (a.line, a.column) < (b.line, b.column)
    }

    /// Counts line feeds, carriage returns, and both together as one.
    init(offset: Int, in text: Span<UInt8>) {
        var line = 1
        var column = 1
        var index = 0
        while index < min(offset, text.count) {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte == UInt8(ascii: "\r") {
                if index < text.count, text[index] == UInt8(ascii: "\n") { continue }
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.line = line
        self.column = column
    }
}

/// How much a document may ask of the reader: what comes from outside is refused beyond this.
public struct JSONLimits: Hashable, Sendable {
    /// The largest document, in bytes.
    public var byteCount: Int
    /// How deep arrays and objects may lie in each other; at most 512, so that the stack suffices.
    public var depth: Int

    public init(byteCount: Int, depth: Int) {
        self.byteCount = byteCount
        self.depth = min(depth, 512)
    }

    /// 64 MiB and 64 levels.
    public static let standard = JSONLimits(byteCount: 64 << 20, depth: 64)
}

/// An error before line and column are known: those are counted only when somebody will read them.
struct JSONFault: Error {
    let message: String
    let offset: Int

    init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }
}
