import Checksums
import Glibc
import LinuxSystem
import Millrace

/// Small objects: read whole and written into the log of recent objects, which makes them durable
/// quickly. Their names come a moment later, because to make a file can take many times as long.
extension Vault {
    func ingestSmall(
        _ source: borrowing FileDescriptor, _ before: FileStatus, _ sizeLimit: Int
    ) throws(VaultError) -> StoredObject {
        // One byte more, to see that there is no more.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: before.size + 1, alignment: 8)
        defer { buffer.deallocate() }
        var size = 0
        while size < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[size...])
            let count = try attempting("reading a dropped file") { () throws(SystemError) in
                try source.read(into: rest, at: size)
            }
            if count == 0 { break }
            size += count
            if size == before.size { break }
        }
        let after = try Self.status(of: source)
        guard size == before.size, after.size == before.size, after.modified == before.modified,
            after.changed == before.changed
        else { throw .changedWhileRead }
        return try keep(UnsafeRawBufferPointer(rebasing: buffer[..<size]))
    }

    func storeSmall(_ bytes: [UInt8]) throws(VaultError) -> StoredObject {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(VaultError) in try keep(buffer) }
        }
        return try result.get()
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) throws(VaultError) -> StoredObject {
        try pending.check()
        let digest = Digest(words: SHA256.hash(bytes).words)
        if try !log(bytes, digest) { try placeAndForce(bytes, digest) }
        return StoredObject(digest: digest, size: bytes.count)
    }

    /// Makes the bytes durable in the log; their name is for later.
    private func log(_ bytes: UnsafeRawBufferPointer, _ digest: Digest) throws(VaultError) -> Bool {
        guard let recent = pending.recent, bytes.count <= RecentLogFormat.objectLimit else {
            return false
        }
        // A vault that was taken away under the writer is not begun anew.
        guard recent.isInPlace else {
            throw .system(
                SystemError(.notFound, "lstat", directory.description), doing: "storing an object")
        }
        // Before the log has it: whoever cleans the log must find it here.
        pending.unplaced.insert(Array(bytes), digest)
        guard let addition = recent.append(bytes, digest) else {
            pending.unplaced.forget(digest)
            return false
        }
        if let half = addition.fullHalf { clean(half, of: recent) }
        return true
    }

    private func placeAndForce(
        _ bytes: UnsafeRawBufferPointer, _ digest: Digest
    ) throws(VaultError) {
        let file = try place(bytes, digest)
        let shard = path(of: digest).parent
        pending.add(file, in: shard)
        for above in [shard.parent, directory, directory.parent] { pending.addDirectory(above) }
    }

    /// Writes an object under its name, and answers it open.
    ///
    /// What lies there already may be torn by a crash before it was ever announced: it counts only
    /// if it holds the same bytes, and even then it may not be on the disk yet.
    func place(
        _ bytes: UnsafeRawBufferPointer, _ digest: Digest
    ) throws(VaultError) -> FileDescriptor {
        let target = path(of: digest)
        do throws(SystemError) {
            do throws(SystemError) {
                return try Self.create(target, bytes)
            } catch  where error.errno == .notFound {
                // A vault that was taken away under the writer is not begun anew.
                let isThere = ((try? FileStatus.of(directory)) ?? nil) != nil
                if pending.recent != nil, !isThere { throw error }
                try Files.makeDirectories(target.parent, mode: 0o700)
                return try Self.create(target, bytes)
            }
        } catch  where error.errno == .exists {
            if let file = try? openFile(digest), Self.holds(file, bytes),
                Self.renew(file, at: target)
            {
                return file
            }
            return try replace(bytes, digest)
        } catch {
            throw .system(error, doing: "writing object \(digest.hex)")
        }
    }

    private static func create(
        _ target: FilePath, _ bytes: UnsafeRawBufferPointer
    ) throws(SystemError) -> FileDescriptor {
        let file = try FileDescriptor.open(
            target, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o444)
        do throws(SystemError) {
            try file.writeAll(bytes, at: 0)
        } catch {
            try? Files.unlink(target)
            throw error
        }
        return file
    }

    /// Puts whole bytes in the place of torn ones.
    private func replace(
        _ bytes: UnsafeRawBufferPointer, _ digest: Digest
    ) throws(VaultError) -> FileDescriptor {
        let incoming = try Incoming.begin(in: self)
        try attempting("writing an object") { () throws(SystemError) in
            try incoming.file.writeAll(bytes)
        }
        try incoming.finish(StoredObject(digest: digest, size: bytes.count))
        return try attempting("opening an object") { () throws(SystemError) in
            try openFile(digest)
        }
    }

    private static func holds(
        _ file: borrowing FileDescriptor, _ bytes: UnsafeRawBufferPointer
    ) -> Bool {
        guard (try? file.status().size) == bytes.count else { return false }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(bytes.count, 1), alignment: 8)
        defer { buffer.deallocate() }
        var done = 0
        while done < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<bytes.count])
            guard let count = try? file.read(into: rest, at: done), count > 0 else { return false }
            done += count
        }
        guard let a = buffer.baseAddress, let b = bytes.baseAddress else { return bytes.isEmpty }
        return memcmp(a, b, bytes.count) == 0
    }
}
