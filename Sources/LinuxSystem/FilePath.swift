/// A path as the kernel sees it: bytes without a zero. Two names that differ only by Unicode normal
/// form are two paths; names that are not UTF-8 are kept.
public struct FilePath: Hashable, Sendable, Comparable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    public var bytes: [UInt8]

    public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    public init(_ string: String) { bytes = Array(string.utf8) }
    public init(stringLiteral string: String) { self.init(string) }

    /// Printable form: bytes outside printable ASCII, and `%`, as `%XX`.
    public var description: String { FilePath.escaped(bytes) }

    public static func < (a: FilePath, b: FilePath) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }

    /// The path below this one: `self/component`.
    package func appending(_ component: FilePath) -> FilePath {
        if bytes.isEmpty { return component }
        if component.bytes.isEmpty { return self }
        var joined = bytes
        joined.reserveCapacity(bytes.count + component.bytes.count + 1)
        if joined.last != UInt8(ascii: "/") { joined.append(UInt8(ascii: "/")) }
        joined.append(contentsOf: component.bytes)
        return FilePath(bytes: joined)
    }

    package func appending(_ component: String) -> FilePath { appending(FilePath(component)) }

    /// The part before the last slash; empty when there is none.
    package var parent: FilePath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return FilePath(bytes: []) }
        return FilePath(bytes: slash == 0 ? bytes[...0] : bytes[..<slash])
    }

    /// The part after the last slash.
    package var name: FilePath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
        return FilePath(bytes: bytes[(slash + 1)...])
    }

    /// The path as text when it is UTF-8, for messages and for APIs that take text.
    package var string: String { String(decoding: bytes, as: UTF8.self) }

    package func withCString<R, E: Error>(
        _ body: (UnsafePointer<CChar>) throws(E) -> R
    ) throws(E) -> R {
        // A zero inside would silently name another file: the kernel gets the empty path, ENOENT.
        let safe = bytes.contains(0) ? [] : bytes
        let terminated = safe.map { CChar(bitPattern: $0) } + [0]
        var result: Result<R, E>?
        terminated.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            do throws(E) { result = .success(try body(base)) } catch { result = .failure(error) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw error
        case nil: preconditionFailure("a terminated name is never empty")
        }
    }

    package static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
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
}
