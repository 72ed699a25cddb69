package import Journal
import LinuxSystem
package import Millrace
import Runtime
package import Vault

/// The vault, as plugins see it.
package struct VaultFiles: FileStore {
    private let vault: Vault
    private let removed: RemovedObjects

    /// - Parameter reader: of the journal that says why bytes are not there any more.
    package init(_ vault: Vault, _ reader: JournalReader) {
        self.vault = vault
        removed = RemovedObjects(reader)
    }

    /// The vault of a workspace, and the journal beside it.
    package init(_ layout: WorkspaceLayout, _ vault: Vault? = nil) throws {
        self.init(
            try vault ?? Vault(directory: layout.vault),
            JournalReader(directory: layout.journal, damage: .skip({ _ in })))
    }

    package func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        try explaining { () throws(VaultError) in try vault.read(digest, limit: limit) }
    }

    package func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        let file = try open(digest)
        return try body(file.raw)
    }

    package func path(of digest: Digest) throws -> String {
        // Who opens it by its path could not say why it is not there.
        guard contains(digest) else { throw explanation(of: .missing(digest)) }
        return try vault.file(of: digest).string
    }

    /// - Throws: `RemovedObject` for what is not there because it was removed under retention.
    func open(_ digest: Digest) throws -> FileDescriptor {
        do throws(VaultError) { return try vault.open(digest) } catch {
            throw explanation(of: error)
        }
    }

    private func explaining<R>(_ body: () throws(VaultError) -> R) throws -> R {
        do throws(VaultError) { return try body() } catch { throw explanation(of: error) }
    }

    private func explanation(of error: VaultError) -> any Error {
        if case .missing(let digest) = error, let removed = removed.find(digest) { return removed }
        return error
    }

    package func store(_ bytes: [UInt8]) throws -> Digest {
        let digest = try vault.store(bytes)
        try vault.sync()
        vault.placeSoon()
        return digest
    }

    package func contains(_ digest: Digest) -> Bool { vault.contains(digest) }
}
