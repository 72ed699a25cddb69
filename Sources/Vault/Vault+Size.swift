import Glibc
import LinuxSystem
import Millrace

extension Vault {
    /// How many objects there are, and how many bytes in all. It looks at every one: not for a thread
    /// that anybody waits for.
    package func measure() throws(VaultError) -> (objects: Int, bytes: Int) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        let objects = directory.appending("objects")
        var (count, bytes) = (0, 0)
        let waiting = pending.unplaced.sizes
        for folder in try Vault.folders(of: objects) {
            do throws(SystemError) {
                let folder = try FileDescriptor.open(
                    objects.appending(folder), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                try folder.forEachName(using: buffer) { name in
                    guard let status = try? folder.status(ofName: name) else { return }
                    count += 1
                    bytes += status.size
                }
            } catch {
                throw .system(error, doing: "measuring the vault")
            }
        }
        // Those without a name. One that got it in a folder looked at before is left out this time.
        for (digest, size) in waiting where !isNamed(digest) {
            count += 1
            bytes += size
        }
        return (count, bytes)
    }

    private func isNamed(_ digest: Digest) -> Bool {
        ((try? FileStatus.of(path(of: digest))) ?? nil) != nil
    }

    private static func folders(of objects: FilePath) throws(VaultError) -> [FilePath] {
        do throws(SystemError) { return try Files.names(in: objects) } catch {
            if error.errno == .notFound { return [] }
            throw .system(error, doing: "measuring the vault")
        }
    }
}
