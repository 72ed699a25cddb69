/// One word of a command line, as the kernel passes it: bytes, which need not be UTF-8, because file
/// names need not be.
package struct RawArgument: Sendable, Hashable, ExpressibleByStringLiteral {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package init(stringLiteral value: String) { self.init(value) }

    /// The word as text; nil when it is not UTF-8.
    package var text: String? { String(validating: bytes, as: UTF8.self) }

    /// The word in quotation marks, safe to print.
    var quoted: String { "'" + sanitized(bytes: bytes) + "'" }

    /// The words of this process's command line, without the program's name.
    package static func ofProcess() -> [RawArgument] {
        let count = max(0, Int(CommandLine.argc) - 1)
        return (0..<count).compactMap { index in
            guard let word = CommandLine.unsafeArgv[index + 1] else { return nil }
            var bytes: [UInt8] = []
            var position = 0
            while word[position] != 0 {
                bytes.append(UInt8(bitPattern: word[position]))
                position += 1
            }
            return RawArgument(bytes: bytes)
        }
    }

    func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

    /// `-5`, `-0.25`, `-1e3`: a number, not an option.
    var looksLikeNegativeNumber: Bool {
        guard bytes.count > 1, bytes[0] == UInt8(ascii: "-") else { return false }
        let second = bytes[1]
        guard (48...57).contains(second) || second == UInt8(ascii: ".") else { return false }
        return text.flatMap(Double.init) != nil
    }

    /// Splits `--name=value` at the first equals sign.
    func splitAtEquals() -> (name: RawArgument, value: RawArgument?) {
        guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { return (self, nil) }
        return (
            RawArgument(bytes: Array(bytes[..<equals])),
            RawArgument(bytes: Array(bytes[(equals + 1)...]))
        )
    }
}
