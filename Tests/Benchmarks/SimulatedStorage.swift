import Checksums
import Journal
import LinuxSystem
import Millrace
import Synchronization

/// Bytes in memory; those that were marked are put into a vault at the end.
final class RememberedFiles: FileStore {
    private let state = Mutex<(bytes: [Digest: [UInt8]], marked: Set<Digest>)>(([:], []))

    func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        guard let bytes = state.withLock({ $0.bytes[digest] }) else {
            throw ReactionError("there are no bytes with the digest \(digest)")
        }
        return bytes
    }

    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        throw ReactionError("these files have no descriptor")
    }

    func path(of digest: Digest) throws -> String {
        throw ReactionError("these files have no path")
    }

    func store(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(words: SHA256.hash(bytes).words)
        state.withLock { $0.bytes[digest] = bytes }
        return digest
    }

    func contains(_ digest: Digest) -> Bool { state.withLock { $0.bytes[digest] != nil } }

    /// Keeps what a list needs.
    func mark(_ files: DatasetFiles) {
        state.withLock { $0.marked.formUnion(files.layers.map(\.sha256)) }
    }

    /// In the layout of the vault: `objects/ab/cdef…`.
    func keep(in vault: FilePath) throws {
        let (bytes, marked) = state.withLock { $0 }
        for digest in marked {
            let hex = digest.hex
            let folder = vault.appending("objects").appending(String(hex.prefix(2)))
            try Files.makeDirectories(folder)
            try Files.replace(
                folder.appending(String(hex.dropFirst(2))), with: bytes[digest] ?? [],
                durable: false)
        }
    }
}

/// `MillraceBench history WORKSPACE EVENTS [SEED]`
func runHistory(_ arguments: [String]) -> CInt {
    guard arguments.count >= 2, let events = Int(arguments[1]), events > 0, events <= 100_000_000
    else {
        print("usage: MillraceBench history WORKSPACE EVENTS [SEED]")
        return 2
    }
    do {
        let root = FilePath(arguments[0])
        try Files.makeDirectories(root)
        let start = now()
        var history = try SimulatedHistory(
            root: root, events: events,
            seed: arguments.count > 2 ? UInt64(arguments[2]) ?? 1 : 1)
        let count = try history.write()
        printResult("history", [("events", Double(count)), ("seconds", now() - start)])
        return 0
    } catch {
        print("failed: \(error)")
        return 1
    }
}
