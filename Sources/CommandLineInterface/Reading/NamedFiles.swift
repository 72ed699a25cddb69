import Console
import Glibc
import LinuxSystem

/// Files that a person names on the command line: a link is followed, for they said which.
extension Shared {
    static func readFile(_ path: FilePath, limit: Int) throws -> [UInt8] {
        do { return try Files.read(path, limit: limit, followsLinks: true) } catch {
            switch error.errno {
            case .notFound, .notDirectory:
                throw CommandFailure(.missing, "there is no file \(path.description)")
            case .loop:
                throw CommandFailure(.missing, "\(path.description) is a link to itself")
            case .invalid, .isDirectory:
                throw CommandFailure(
                    .missing, "\(path.description) is not a file",
                    advice: "name a file: no directory, pipe or device")
            default: throw error
            }
        }
    }

    /// Replaces a file at once, as `Files.replace`, also behind a link. What is no file, such as
    /// `/dev/null` or a pipe, is written to and stays what it is.
    static func writeFile(_ path: FilePath, _ bytes: [UInt8]) throws {
        let found = try FileStatus.of(path)
        if found?.kind == .symbolicLink, let place = try? AbsolutePath.of(path) {
            return try writeFile(place, bytes)
        }
        switch found?.kind {
        case nil, .regular: try Files.replace(path, with: bytes)
        case .directory:
            throw CommandFailure(.conflict, "\(path.description) is a directory; name a file")
        default:
            try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_NOCTTY, mode: 0o644)
                .writeAll(bytes)
        }
    }
}
