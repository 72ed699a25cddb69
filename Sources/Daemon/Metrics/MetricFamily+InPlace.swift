import Glibc
package import LinuxSystem

extension MetricFamily {
    /// Says in a file of metrics that the journal cannot be written: one digit, which needs no room on a
    /// full disk, and which a reader sees whole. The rest of the file stays as old as it says.
    package static func noteUnwritable(in path: FilePath) {
        guard let bytes = try? Files.read(path, limit: 16 << 20),
            let place = place(of: "\nmillrace_journal_writable 1\n", in: bytes),
            let file = try? FileDescriptor.open(path, O_WRONLY | O_NOFOLLOW)
        else { return }
        [UInt8(ascii: "0")].withUnsafeBytes { try? file.writeAll($0, at: place) }
    }

    /// Where the last character before a line's end is.
    private static func place(of line: String, in bytes: [UInt8]) -> Int? {
        let line = Array(line.utf8)
        guard bytes.count >= line.count else { return nil }
        return (0...bytes.count - line.count)
            .first { bytes[$0] == line[0] && bytes[$0..<$0 + line.count].elementsEqual(line) }
            .map { $0 + line.count - 2 }
    }
}
