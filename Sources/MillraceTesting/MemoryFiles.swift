import CLinux
import Checksums
import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// Bytes by their digest, in memory.
final class MemoryFiles: FileStore {
    private let contents: Mutex<[Digest: [UInt8]]>

    init(_ contents: [Digest: [UInt8]] = [:]) { self.contents = Mutex(contents) }

    func add(_ more: [Digest: [UInt8]]) { contents.withLock { $0.merge(more) { old, _ in old } } }

    var all: [Digest: [UInt8]] { contents.withLock { $0 } }

    func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        guard let bytes = contents.withLock({ $0[digest] }) else {
            throw ReactionError("there are no bytes with the digest \(digest)")
        }
        guard bytes.count <= limit else {
            throw ReactionError("\(digest) has \(bytes.count) bytes, the limit is \(limit)")
        }
        return bytes
    }

    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        let bytes = try bytes(of: digest, limit: .max)
        // A file without a name: gone when the descriptor is closed, and no folder is touched.
        let file = FileDescriptor(
            owning: try systemCall("memfd_create") { clinux_memory_file("millrace-test") })
        try file.writeAll(bytes)
        lseek(file.raw, 0, SEEK_SET)
        return try body(file.raw)
    }

    func path(of digest: Digest) throws -> String {
        throw ReactionError("files have no path in a memory world")
    }

    func store(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(words: SHA256.hash(bytes).words)
        contents.withLock { $0[digest] = bytes }
        return digest
    }

    func contains(_ digest: Digest) -> Bool { contents.withLock { $0[digest] != nil } }
}
