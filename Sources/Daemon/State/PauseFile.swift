import Glibc
import LinuxSystem
package import Millrace

/// The file `pause`: since when the daemon waits for room on a full disk, for `status`. It has its size
/// from the start of the daemon on and is written over in place, which needs no room. It counts while a
/// daemon runs, and is a help and nothing more.
///
///     disk-full-since 1800000000000000
///
/// Microseconds of Unix time; nothing but spaces while it does not wait.
package final class PauseFile: Sendable {
    private static let size = 64
    private static let word = "disk-full-since "

    private let file: FileDescriptor?

    /// Makes the file, or empties it. Where it cannot be made, nothing is told.
    package init(_ layout: WorkspaceLayout) {
        file = try? FileDescriptor.open(
            layout.pause, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
        note(nil)
    }

    package func note(_ since: Timestamp?) {
        var bytes = Array((since.map { PauseFile.word + "\($0.microseconds)" } ?? "").utf8)
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: PauseFile.size - 1 - bytes.count)
        bytes.append(UInt8(ascii: "\n"))
        bytes.withUnsafeBytes { try? file?.writeAll($0, at: 0) }
    }

    /// Since when it waits; nil while it does not, and where nobody knows.
    package static func since(_ layout: WorkspaceLayout) -> Timestamp? {
        guard let bytes = try? Files.read(layout.pause, limit: size) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix(word) else { return nil }
        return Int64(text.dropFirst(word.count).prefix { $0.isASCII && $0.isNumber })
            .map { Timestamp(microseconds: $0) }
    }
}
