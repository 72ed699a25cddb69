import Glibc

/// Where a table is read from: once, from front to back.
package enum TabularInput: Sendable {
    /// An open descriptor at the position where reading starts. It stays open.
    case descriptor(CInt)
    case bytes([UInt8])
}

/// Hands out the bytes of an input piece by piece.
struct ByteSource {
    private let input: TabularInput
    private var position = 0

    init(_ input: TabularInput) { self.input = input }

    /// Reads at most `count` bytes; 0 at the end of the input.
    mutating func read(
        into buffer: UnsafeMutablePointer<UInt8>, count: Int
    ) throws(TabularError) -> Int {
        switch input {
        case .bytes(let bytes):
            let piece = min(count, bytes.count - position)
            guard piece > 0 else { return 0 }
            bytes.withUnsafeBufferPointer { source in
                if let base = source.baseAddress {
                    buffer.update(from: base + position, count: piece)
                }
            }
            position += piece
            return piece
        case .descriptor(let descriptor):
            while true {
                let result = Glibc.read(descriptor, buffer, count)
                if result >= 0 {
                    position += result
                    return result
                }
                let code = errno
                if code == EINTR { continue }
                throw TabularError(
                    .read, "read: \(Self.words(for: code))", byteOffset: position)
            }
        }
    }

    private static func words(for code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
