import CLinux
import Checksums
import Glibc
package import LinuxSystem
package import Millrace

/// Taking bytes in.
extension Vault {
    /// Copies an open file and hashes what was copied, not what was read: every later reader gets
    /// exactly the bytes of the digest. Shares the blocks with the original where the file system
    /// can (reflink).
    ///
    /// - Parameter sizeLimit: in bytes; a larger file is refused before anything is read, and one
    ///   that grows beyond it meanwhile too.
    /// - Throws: `tooLarge`, `changedWhileRead`, `unreliable` after a failed sync.
    package func ingest(
        _ source: borrowing FileDescriptor, sizeLimit: Int = .max
    ) throws(VaultError) -> StoredObject {
        let before = try Self.status(of: source)
        if before.size > sizeLimit { throw .tooLarge(size: before.size, limit: sizeLimit) }
        if before.size <= RecentLogFormat.objectLimit {
            return try ingestSmall(source, before, sizeLimit)
        }
        let incoming = try Incoming.begin(in: self)
        let object: StoredObject
        // Below this a second pass over the copy costs more than the blocks that are shared save.
        let worthCloning = before.size >= 1 << 20
        if worthCloning, clinux_clone_file(incoming.file.raw, source.raw) == 0 {
            object = try Self.hash(of: incoming.file)
        } else {
            object = try Self.copy(source, to: incoming.file, limit: sizeLimit)
        }
        let after = try Self.status(of: source)
        guard object.size == before.size, after.size == before.size,
            after.modified == before.modified, after.changed == before.changed
        else { throw .changedWhileRead }
        try incoming.finish(object)
        return object
    }

    /// Keeps some bytes. - Throws: `unreliable` after a failed sync.
    @discardableResult
    package func store(_ bytes: [UInt8]) throws(VaultError) -> Digest {
        if bytes.count <= RecentLogFormat.objectLimit { return try storeSmall(bytes).digest }
        let incoming = try Incoming.begin(in: self)
        try attempting("writing an object") { () throws(SystemError) in
            try incoming.file.writeAll(bytes)
        }
        let object = StoredObject(
            digest: Digest(words: SHA256.hash(bytes).words), size: bytes.count)
        try incoming.finish(object)
        return object.digest
    }

    static func status(
        of file: borrowing FileDescriptor
    ) throws(VaultError) -> FileStatus {
        try attempting("looking at a dropped file") { () throws(SystemError) in try file.status() }
    }

    private static func copy(
        _ source: borrowing FileDescriptor, to target: borrowing FileDescriptor, limit: Int
    ) throws(VaultError) -> StoredObject {
        var hash = SHA256()
        var size = 0
        var handedOver = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try attempting("reading a dropped file") { () throws(SystemError) in
                try source.read(into: buffer, at: size)
            }
            if count == 0 { break }
            if count > limit - size { throw .tooLarge(size: size + count, limit: limit) }
            let chunk = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hash.update(chunk)
            try attempting("copying a file into the vault") { () throws(SystemError) in
                try target.writeAll(chunk, at: size)
            }
            size += count
            // The disk works while the rest is read and hashed, and the sync finds little left to do.
            if size - handedOver >= writingPiece {
                _ = clinux_start_writing(
                    target.raw, Int64(handedOver), Int64(size - handedOver))
                handedOver = size
            }
        }
        return StoredObject(digest: Digest(words: hash.finish().words), size: size)
    }

    /// Bytes of a copy that are given to the disk at once.
    private static let writingPiece = 8 << 20
}

/// An object that is being written and has no name yet. It vanishes unless it is finished.
struct Incoming: ~Copyable {
    let file: FileDescriptor
    private let vault: Vault
    private let path: FilePath
    private var isFinished = false

    private init(file: consuming FileDescriptor, vault: Vault, path: FilePath) {
        self.file = file
        self.vault = vault
        self.path = path
    }

    static func begin(in vault: Vault) throws(VaultError) -> Incoming {
        let folder = vault.directory.appending("incoming")
        let path = folder.appending(try vault.pending.temporaryName())
        let file = try attempting("creating a file in the vault") { () throws(SystemError) in
            try create(path, in: folder)
        }
        return Incoming(file: file, vault: vault, path: path)
    }

    deinit { if !isFinished { try? Files.unlink(path) } }

    /// Creates the file; on the vault's first use its folder too.
    private static func create(
        _ path: FilePath, in folder: FilePath
    ) throws(SystemError) -> FileDescriptor {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
        do throws(SystemError) {
            return try FileDescriptor.open(path, flags, mode: 0o444)
        } catch  where error.errno == .notFound {
            try Files.makeDirectories(folder, mode: 0o700)
            return try FileDescriptor.open(path, flags, mode: 0o444)
        } catch  where error.errno == .exists {
            // Left by an earlier process with the same number.
            try Files.unlink(path)
            return try FileDescriptor.open(path, flags, mode: 0o444)
        }
    }

    /// Gives the object its name.
    consuming func finish(_ object: StoredObject) throws(VaultError) {
        let target = vault.path(of: object.digest)
        // One that is there may be torn by a crash before it was ever announced: it counts only if
        // it verifies, and even then it may not be on the disk yet.
        if let there = try? vault.openFile(object.digest),
            (try? Vault.hash(of: there))?.digest == object.digest,
            Vault.renew(there, at: target)
        {
            vault.pending.add(there, in: target.parent)
            return
        }
        do throws(SystemError) {
            do throws(SystemError) {
                try Files.rename(path, target)
            } catch  where error.errno == .notFound {
                try Files.makeDirectories(target.parent, mode: 0o700)
                for above in [target.parent.parent, vault.directory, vault.directory.parent] {
                    vault.pending.addDirectory(above)
                }
                try Files.rename(path, target)
            }
        } catch {
            throw .system(error, doing: "giving object \(object.digest.hex) its name")
        }
        isFinished = true
        let copy = fcntl(file.raw, F_DUPFD_CLOEXEC, 0)
        if copy < 0 {
            let reopened = try attempting("opening an object") { () throws(SystemError) in
                try vault.openFile(object.digest)
            }
            vault.pending.add(reopened, in: target.parent)
        } else {
            vault.pending.add(FileDescriptor(owning: copy), in: target.parent)
        }
    }
}
