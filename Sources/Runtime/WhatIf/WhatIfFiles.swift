import Checksums
import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// The vault, read only, and before it a folder for what a what-if keeps.
final class WhatIfFiles: FileStore {
    private let vault: any FileStore
    private let folder: FilePath
    private let own = Mutex<Set<Digest>>([])

    init(_ vault: any FileStore, folder: FilePath) {
        self.vault = vault
        self.folder = folder
    }

    private func file(_ digest: Digest) -> FilePath? {
        own.withLock { $0.contains(digest) } ? folder.appending(digest.hex) : nil
    }

    func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        guard let file = file(digest) else { return try vault.bytes(of: digest, limit: limit) }
        return try Files.read(file, limit: limit)
    }

    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        guard let file = file(digest) else {
            return try vault.withDescriptor(of: digest, body)
        }
        let opened = try FileDescriptor.open(file, O_RDONLY | O_NOFOLLOW)
        return try body(opened.raw)
    }

    func path(of digest: Digest) throws -> String {
        try file(digest)?.string ?? vault.path(of: digest)
    }

    func store(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(words: SHA256.hash(bytes).words)
        if contains(digest) { return digest }
        try Files.makeDirectories(folder, mode: 0o700)
        // Gone with the what-if: no need to wait for the disk.
        try Files.replace(folder.appending(digest.hex), with: bytes, mode: 0o400, durable: false)
        _ = own.withLock { $0.insert(digest) }
        return digest
    }

    func contains(_ digest: Digest) -> Bool { file(digest) != nil || vault.contains(digest) }
}

/// The output folders as the events of a what-if leave them; on the disk there is nothing of them.
final class WhatIfFolders: OutputFolders {
    private enum Entry {
        case file(Digest)
        case link(WorkspacePath)
    }

    private let entries = Mutex<[WorkspacePath: Entry]>([:])
    private let files: WhatIfFiles

    init(_ files: WhatIfFiles) { self.files = files }

    /// What a reaction that is not run again left behind, as its events tell.
    func note(_ event: Event) {
        if let version = event.payload(as: ModelVersionCreated.self) {
            let folder = "models/\(version.model)/\(version.version)"
            set("\(folder)/\(version.file)", .file(version.artifact))
            if let examples = version.examples {
                set("\(folder)/examples.json", .file(examples))
            }
        } else if let deployed = event.payload(as: DeploymentCompleted.self),
            let release = WorkspacePath(escaped: "models/\(deployed.model)/\(deployed.version)")
        {
            set("deployments/\(deployed.stage)/\(deployed.model)", .link(release))
        }
    }

    private func set(_ text: String, _ entry: Entry) {
        guard let path = WorkspacePath(escaped: text) else { return }
        entries.withLock { $0[path] = entry }
    }

    func write(_ bytes: [UInt8], to path: WorkspacePath) throws {
        let digest = try files.store(bytes)
        entries.withLock { $0[path] = .file(digest) }
    }

    func place(_ digest: Digest, at path: WorkspacePath) throws {
        entries.withLock { $0[path] = .file(digest) }
    }

    func link(_ path: WorkspacePath, to target: WorkspacePath) throws {
        entries.withLock { $0[path] = .link(target) }
    }

    func target(of path: WorkspacePath) throws -> WorkspacePath? {
        entries.withLock { if case .link(let target) = $0[path] { target } else { nil } }
    }

    func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8] {
        guard let digest = entries.withLock({ WhatIfFolders.resolve(path, $0) }) else {
            throw ReactionError("there is no file \(path)")
        }
        return try files.bytes(of: digest, limit: limit)
    }

    /// A file, also through one link among the folders above it, as stages have.
    private static func resolve(
        _ path: WorkspacePath, _ entries: [WorkspacePath: Entry]
    ) -> Digest? {
        if case .file(let digest) = entries[path] { return digest }
        let slash = UInt8(ascii: "/")
        for end in path.bytes.indices where path.bytes[end] == slash {
            guard let folder = WorkspacePath(bytes: path.bytes[..<end]),
                case .link(let target) = entries[folder],
                let real = WorkspacePath(bytes: target.bytes + path.bytes[end...]),
                case .file(let digest) = entries[real]
            else { continue }
            return digest
        }
        return nil
    }

    func remove(_ path: WorkspacePath) throws {
        let prefix = path.bytes + [UInt8(ascii: "/")]
        entries.withLock { entries in
            for key in entries.keys where key == path || key.bytes.starts(with: prefix) {
                entries[key] = nil
            }
        }
    }

    /// A path that no program is ever given: programs do not run here.
    func absolute(_ path: WorkspacePath) -> String { "/nonexistent/\(path)" }
}
