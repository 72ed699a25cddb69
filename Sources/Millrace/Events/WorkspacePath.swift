/// A path relative to the workspace, as bytes: names that are not UTF-8, and names that differ only
/// by Unicode normal form, are different files.
///
/// Its text form, in events and on terminals, writes bytes outside printable ASCII, and `%`, as `%XX`.
public struct WorkspacePath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Without leading slash, without `.` and `..`, without a zero byte.
    public let bytes: [UInt8]

    /// Nil for an absolute path, for one with an empty component, `.` or `..`, and for one that holds
    /// a zero byte: such a path could name something outside the workspace.
    public init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard WorkspacePath.isInside(bytes) else { return nil }
        self.bytes = bytes
    }

    /// Reads the text form.
    public init?(escaped text: some StringProtocol) { self.init(escaped: String(text).utf8.span) }

    /// The same from bytes.
    init?(escaped text: Span<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%") {
                guard index + 2 < text.count, let high = hexadecimalValue(text[index + 1]),
                    let low = hexadecimalValue(text[index + 2])
                else { return nil }
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        guard WorkspacePath.isInside(bytes) else { return nil }
        self.bytes = bytes
    }

    /// No component is empty, `.` or `..`, and there is no zero byte.
    private static func isInside(_ bytes: [UInt8]) -> Bool {
        var start = 0
        for index in 0...bytes.count {
            guard index == bytes.count || bytes[index] == UInt8(ascii: "/") else {
                if bytes[index] == 0 { return false }
                continue
            }
            let isDots =
                index - start <= 2
                && bytes[start..<index].allSatisfy { $0 == UInt8(ascii: ".") }
            // An empty component is all dots, too.
            if isDots { return false }
            start = index + 1
        }
        return true
    }

    public var description: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
                out.append(byte)
            } else {
                out.append(UInt8(ascii: "%"))
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The parts between slashes, in the text form.
    public var components: [String] { description.split(separator: "/").map(String.init) }

    /// The last component, in the text form.
    public var name: String { components.last ?? "" }

    public static func < (a: WorkspacePath, b: WorkspacePath) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}

extension WorkspacePath: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let path = WorkspacePath(escaped: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a path inside the workspace")
        }
        self = path
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
