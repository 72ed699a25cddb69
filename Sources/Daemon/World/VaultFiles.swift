import LinuxSystem
package import Millrace
package import Vault

/// The vault, as plugins see it.
package struct VaultFiles: FileStore {
    private let vault: Vault

    package init(_ vault: Vault) { self.vault = vault }

    package func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        try vault.read(digest, limit: limit)
    }

    package func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        let file = try vault.open(digest)
        return try body(file.raw)
    }

    package func path(of digest: Digest) throws -> String {
        try vault.file(of: digest).string
    }

    package func store(_ bytes: [UInt8]) throws -> Digest {
        let digest = try vault.store(bytes)
        try vault.sync()
        vault.placeSoon()
        return digest
    }

    package func contains(_ digest: Digest) -> Bool { vault.contains(digest) }
}
