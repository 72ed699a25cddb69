/// A file of `workspace-template`, as it was when the program was built. `TemplateFile.all` is made by
/// the build.
package struct TemplateFile: Sendable {
    /// Below the workspace, with `/` between the parts: `data/flights/.about`.
    package let path: String
    package let isExecutable: Bool
    private let encoding: Encoding
    private let literal: StaticString

    /// What the literal holds: the bytes themselves, or (where they are not UTF-8) one character
    /// U+0000 to U+00FF a byte.
    enum Encoding {
        case utf8
        case bytes
    }

    init(path: String, isExecutable: Bool, encoding: Encoding, _ literal: StaticString) {
        self.path = path
        self.isExecutable = isExecutable
        self.encoding = encoding
        self.literal = literal
    }

    /// The file's permissions in a new workspace, before the umask.
    package var mode: UInt16 { isExecutable ? 0o755 : 0o644 }

    /// Calls `body` with the contents, which for text are used where they lie in the program.
    package func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        // A literal of one ASCII character may be kept as a number instead of a pointer.
        guard literal.hasPointerRepresentation, case .utf8 = encoding else {
            return try bytes.withUnsafeBytes(body)
        }
        return try body(
            UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// The contents.
    package var bytes: [UInt8] {
        switch encoding {
        case .utf8: Array(literal.description.utf8)
        // A scalar beyond U+00FF cannot be there: the build writes none.
        case .bytes: literal.description.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        }
    }
}
