import Checksums
import Journal
import LinuxSystem
import Millrace
import Synchronization

/// The real calls without the syncs: what is simulated can be simulated again.
struct UnsyncedStorage: Storage {
    private let base = LinuxStorage()

    func open(_ path: FilePath, _ flags: CInt, mode: UInt32) throws(SystemError) -> CInt {
        try base.open(path, flags, mode: mode)
    }
    func close(_ file: CInt) { base.close(file) }
    func read(
        _ file: CInt, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int { try base.read(file, bytes, at: offset) }
    func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int { try base.write(file, bytes, at: offset) }
    func syncData(_ file: CInt) throws(SystemError) {}
    func truncate(_ file: CInt, to size: Int) throws(SystemError) {
        try base.truncate(file, to: size)
    }
    func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) { try base.rename(from, to) }
    func unlink(_ path: FilePath) throws(SystemError) { try base.unlink(path) }
    func syncDirectory(_ path: FilePath) throws(SystemError) {}
    func size(_ file: CInt) throws(SystemError) -> Int { try base.size(file) }
    func lock(_ file: CInt) throws(SystemError) -> Bool { try base.lock(file) }
    func isLocked(_ file: CInt) throws(SystemError) -> Bool { try base.isLocked(file) }
    func makeDirectory(_ path: FilePath) throws(SystemError) { try base.makeDirectory(path) }
    func names(in path: FilePath) throws(SystemError) -> [FilePath] { try base.names(in: path) }
}

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
