import Glibc
import LinuxSystem
package import Millrace

/// The file `pause`: since when the daemon waits for room on a full disk, for `status`. It has its size
/// from the start of the daemon on and is written over in place, which needs no room. It counts while a
/// daemon runs, and is a help and nothing more.
///
///     disk-full-since 1800000000000000
///     vault-full-since 1800000000000000 1800000000000000
///
/// Microseconds of Unix time; nothing but spaces while it does not wait. The second line is of a drop that
/// the vault has no room for, and ends with when it was tried last: such a drop may be taken away again,
/// which nobody tells.
package final class PauseFile: Sendable {
    private static let lineSize = 64
    private static let journal = "disk-full-since "
    private static let vault = "vault-full-since "
    /// A drop that waits is tried again every 64 seconds or more often; a large one takes a while.
    static let longestTrial: Double = 180

    private let file: FileDescriptor?

    /// Makes the file, or empties it. Where it cannot be made, nothing is told.
    package init(_ layout: WorkspaceLayout) {
        file = try? FileDescriptor.open(
            layout.pause, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
        note(nil)
        noteVault(nil)
    }

    /// The journal waits.
    package func note(_ since: Timestamp?) {
        write(since.map { PauseFile.journal + "\($0.microseconds)" }, line: 0)
    }

    /// A drop waits for room in the vault, and did not find it just now.
    package func noteVault(_ since: Timestamp?, tried: Timestamp = WallClock.now) {
        write(
            since.map { PauseFile.vault + "\($0.microseconds) \(tried.microseconds)" }, line: 1)
    }

    private func write(_ text: String?, line: Int) {
        var bytes = Array((text ?? "").utf8)
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: PauseFile.lineSize - 1 - bytes.count)
        bytes.append(UInt8(ascii: "\n"))
        bytes.withUnsafeBytes { try? file?.writeAll($0, at: line * PauseFile.lineSize) }
    }

    /// Since when it waits; nil while it does not, and where nobody knows.
    package static func since(
        _ layout: WorkspaceLayout, at now: Timestamp = WallClock.now
    ) -> Timestamp? {
        guard let bytes = try? Files.read(layout.pause, limit: 2 * lineSize) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let ofJournal = lines.first.flatMap { times(in: $0, after: journal) }?.first
        guard let ofVault = lines.last.flatMap({ times(in: $0, after: vault) }),
            let since = ofVault.first, let tried = ofVault.last,
            now <= tried.advanced(bySeconds: longestTrial)
        else { return ofJournal }
        return min(ofJournal ?? since, since)
    }

    private static func times(in line: Substring, after word: String) -> [Timestamp]? {
        guard line.hasPrefix(word) else { return nil }
        return line.dropFirst(word.count).split(separator: " ").compactMap { Int64($0) }
            .map { Timestamp(microseconds: $0) }
    }
}
