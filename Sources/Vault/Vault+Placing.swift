import CLinux
import Glibc
package import LinuxSystem
package import Millrace

/// Giving small objects their names, behind the back of who stored them.
extension Vault {
    /// Where an object lies, for who opens it by its path.
    package func file(of digest: Digest) throws(VaultError) -> FilePath {
        try ensurePlaced(digest)
        return path(of: digest)
    }

    /// Gives all objects their names in a moment, on another thread.
    package func placeSoon() { pending.placeSoon() }

    /// Gives all objects their names: for other processes, which are told of them.
    package func placeAll() throws(VaultError) {
        for digest in pending.unplaced.digests { try ensurePlaced(digest) }
    }

    func ensurePlaced(_ digest: Digest) throws(VaultError) {
        try pending.unplaced.place(digest) { bytes throws(VaultError) in
            let result = bytes.withUnsafeBytes { buffer in
                Result { () throws(VaultError) in _ = try place(buffer, digest) }
            }
            try result.get()
        }
    }

    /// An object that another process has stored and not yet given its name; nil when there is none.
    func openRecent(_ digest: Digest) throws(SystemError) -> FileDescriptor? {
        guard pending.recent == nil else { return nil }
        if let bytes = try RecentLog.find(digest, in: directory) {
            let memory = FileDescriptor(
                owning: try systemCall("memfd_create") { clinux_memory_file("object") })
            // Whoever reads it begins at its beginning.
            let written = bytes.withUnsafeBytes { buffer in
                Result { () throws(SystemError) in try memory.writeAll(buffer, at: 0) }
            }
            try written.get()
            return memory
        }
        // It got its name in between.
        do throws(SystemError) {
            return try openFile(digest)
        } catch {
            if error.errno == .notFound { return nil }
            throw error
        }
    }
}
