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
        guard !bytes.contains(0) else { return nil }
        for component in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            if component.isEmpty || component.elementsEqual(".".utf8)
                || component.elementsEqual("..".utf8)
            {
                return nil
            }
        }
        self.bytes = bytes
    }

    /// Reads the text form.
    public init?(escaped text: some StringProtocol) {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexadecimalValue),
                    let low = rest.popFirst().flatMap(hexadecimalValue)
                else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        self.init(bytes: bytes)
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
