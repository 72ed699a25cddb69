/// Why a table could not be read or a contract could not be understood.
///
/// What is wrong with single rows of a drop is no error: it is in the `ValidationReport`.
package struct TabularError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The system refused to read.
        case read
        /// The bytes are not a table: wrong encoding, no header, nothing in them.
        case format
        /// A limit of `ReadLimits` was reached.
        case limit
        /// A column that was asked for is not there, or cannot be what was asked.
        case column
        /// The contract (or a saved profile) cannot be understood.
        case contract
    }

    package let code: Code
    /// What happened and what to do now.
    package let message: String
    /// The line in the file, counted from 1.
    package let line: Int?
    /// The byte in the file, counted from 0.
    package let byteOffset: Int?

    package init(_ code: Code, _ message: String, line: Int? = nil, byteOffset: Int? = nil) {
        self.code = code
        self.message = message
        self.line = line
        self.byteOffset = byteOffset
    }

    package var description: String {
        var place: [String] = []
        if let line { place.append("line \(line)") }
        if let byteOffset { place.append("byte \(byteOffset)") }
        return place.isEmpty ? message : "\(place.joined(separator: ", ")): \(message)"
    }
}
