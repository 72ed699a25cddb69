import Checksums
import Console
import Glibc
import LinuxSystem
import Millrace

/// `millrace version`: exactly which program this is.
struct VersionCommand {
    /// The shape of `millrace version --json`.
    struct Answer: Codable, Sendable {
        var version: String
        /// SHA-256 of the program's file.
        var sha256: Digest
        /// System, release and processor.
        var platform: String
    }

    /// Of the file that runs, also when another has been put in its place since.
    static func digestOfProgram() throws -> Digest {
        let file = try FileDescriptor.open(FilePath("/proc/self/exe"), O_RDONLY)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { chunk.deallocate() }
        var hash = SHA256()
        var offset = 0
        while true {
            let count = try file.read(into: chunk, at: offset)
            if count == 0 { break }
            hash.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
            offset += count
        }
        return Digest(words: hash.finish().words)
    }

    var command: Command {
        Command(
            "version", summary: "the version, and the digest of this program",
            group: "Help", examples: [.init("version --json", "for programs")],
            options: [Shared.json]
        ) { input in
            let answer = Answer(
                version: MillraceProgram.version, sha256: try VersionCommand.digestOfProgram(),
                platform: platform())
            if input[Shared.json] {
                try Reading.write(answer, to: input.out)
            } else {
                input.out.line("millrace \(answer.version, .strong)")
                input.out.line("sha256   \(answer.sha256)")
                input.out.line("platform \(answer.platform)")
            }
            return .success
        }
    }
}

/// System, release and processor, as uname(2) has them.
func platform() -> String {
    var name = utsname()
    guard uname(&name) == 0 else { return "unknown" }
    func text<T>(_ field: T) -> String {
        withUnsafeBytes(of: field) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
    return [text(name.sysname), text(name.release), text(name.machine)].joined(separator: " ")
}
