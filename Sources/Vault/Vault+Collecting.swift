import Glibc
import LinuxSystem
package import Millrace

/// Removing bytes that nothing needs, while others may be storing the very same: in this process or, as
/// jobs do, in another.
///
/// Who stores bytes that are there already marks the object as new (`renew`) and then looks whether it
/// still has its name. Who removes takes the name away first and then looks for the mark: one of the two
/// sees the other. What was marked gets its name back.
extension Vault {
    /// An object under its name; nil when there is none.
    package func status(of digest: Digest) -> (bytes: Int, stored: Int64)? {
        guard let status = (try? FileStatus.of(path(of: digest))) ?? nil,
            status.kind == .regular
        else { return nil }
        return (status.size, status.modified)
    }

    /// Removes an object that was stored last before a moment, in nanoseconds since 1970.
    ///
    /// - Returns: false when there is none, or it was stored again since.
    package func collect(_ digest: Digest, storedBefore moment: Int64) throws(VaultError) -> Bool {
        let name = path(of: digest)
        guard let there = status(of: digest), there.stored < moment else { return false }
        let taken = leavingPath(of: digest)
        do throws(SystemError) {
            try Files.makeDirectories(taken.parent, mode: 0o700)
            do throws(SystemError) { try Files.rename(name, taken) } catch {
                if error.errno == .notFound { return false }
                throw error
            }
            guard let status = try FileStatus.of(taken) else { return false }
            guard status.modified < moment else {
                try putBack(taken, name)
                return false
            }
            try Files.unlink(taken)
            return true
        } catch {
            throw .system(error, doing: "removing object \(digest.hex)")
        }
    }

    /// Where an object is while it is being removed.
    func leavingPath(of digest: Digest) -> FilePath {
        directory.appending("leaving").appending(digest.hex)
    }

    /// Gives an object its name back, unless another has it by now.
    private func putBack(_ taken: FilePath, _ name: FilePath) throws(SystemError) {
        _ = try taken.withCString { from throws(SystemError) in
            try name.withCString { to throws(SystemError) in
                do throws(SystemError) {
                    try systemCall("link", "\(name)") { link(from, to) }
                } catch {
                    guard error.errno == .exists else { throw error }
                }
            }
        }
        try Files.unlink(taken)
    }

    /// Gives what a process that died was removing its names back: it may have been stored again.
    func restoreLeaving() throws(SystemError) {
        let leaving = directory.appending("leaving")
        guard try FileStatus.of(leaving) != nil else { return }
        for name in try Files.names(in: leaving) {
            guard let digest = Digest(hex: name.string) else { continue }
            try putBack(leaving.appending(name), path(of: digest))
        }
    }

    /// Marks an object that is stored once more.
    ///
    /// - Returns: false when it has lost its name, or cannot be marked: then it has to be written anew.
    static func renew(_ file: borrowing FileDescriptor, at path: FilePath) -> Bool {
        guard futimens(file.raw, nil) == 0, let status = try? file.status(),
            let named = (try? FileStatus.of(path)) ?? nil
        else { return false }
        return named.inode == status.inode && named.device == status.device
    }
}
