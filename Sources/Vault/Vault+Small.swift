import Checksums
import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// Small objects: read whole, written under their names at once, and once more into the log of recent
/// objects, which is what makes them durable quickly.
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
        let object = StoredObject(digest: digest, size: bytes.count)
        let file = try place(bytes, digest)
        if let recent = pending.recent, let addition = recent.append(bytes, digest) {
            if let half = addition.fullHalf { clean(half, of: recent) }
        } else {
            let shard = path(of: digest).parent
            pending.add(file, in: shard)
            for above in [shard.parent, directory, directory.parent] {
                pending.addDirectory(above)
            }
        }
        return object
    }

    /// Writes an object under its name, and answers it open.
    ///
    /// What lies there already may be torn by a crash before it was ever announced: it counts only
    /// if it holds the same bytes, and even then it may not be on the disk yet.
    private func place(
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
            let file = try open(digest)
            if Self.holds(file, bytes) { return file }
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
        return try open(digest)
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

    // MARK: The log of recent objects

    /// Makes the vault ready for its one writer, before anything is stored: removes what a process
    /// that died left half copied, and restores what a power cut took from recent objects.
    package func prepare() throws(VaultError) {
        try removeLeftovers()
        try attempting("making the vault's directory") { () throws(SystemError) in
            try Files.makeDirectories(directory, mode: 0o700)
        }
        let (log, records): (RecentLog, [RecentLogFormat.Record])
        do throws(SystemError) {
            (log, records) = try RecentLog.open(in: directory)
        } catch {
            // Without room for it, objects are forced to the disk one by one.
            if error.isShortage { return }
            throw .system(error, doing: "reading recent objects of the vault")
        }
        for record in records { _ = try storeSmall(record.bytes) }
        if !records.isEmpty {
            try sync()
            for half in 0..<2 { log.reopen(half) }
        }
        pending.recent = log
    }

    /// Forces recent objects to the disk under their own names: for a moment without other work. What
    /// cannot be forced stays in the log of recent objects, and `check` says so.
    package func settle() {
        pending.settling.withLock { _ in
            guard let recent = pending.recent, let half = recent.close() else { return }
            finishCleaning(half, of: recent)
        }
    }

    /// On a thread of its own: drops go on in the other half meanwhile.
    private func clean(_ half: Int, of recent: RecentLog) {
        do {
            try BlockingThread.start { finishCleaning(half, of: recent) }
        } catch {
            finishCleaning(half, of: recent)
        }
    }

    private func finishCleaning(_ half: Int, of recent: RecentLog) {
        let digests = Set(recent.digests(of: half))
        do throws(SystemError) {
            if digests.count > PendingObjects.individualLimit {
                try pending.syncFileSystem()
            } else {
                try syncEach(digests)
            }
            recent.reopen(half)
        } catch {
            pending.fail(error)
        }
    }

    private func syncEach(_ digests: Set<Digest>) throws(SystemError) {
        for digest in digests {
            let path = path(of: digest)
            do throws(SystemError) {
                try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).sync()
            } catch  where error.errno == .notFound {
                // Removed since.
                continue
            }
            try Files.syncDirectory(path.parent)
            try Files.syncDirectory(path.parent.parent)
        }
    }

    /// Removes what a process that died left half copied. Only the one writer may call this, before
    /// it stores anything; jobs of the writer before it may still be storing, and keep theirs.
    package func removeLeftovers() throws(VaultError) {
        let incoming = directory.appending("incoming")
        do throws(SystemError) {
            guard try FileStatus.of(incoming) != nil else { return }
            for name in try Files.names(in: incoming) {
                // Named by PendingObjects: the process, a dash, a number.
                let process = pid_t(name.string.prefix { $0 != "-" })
                if let process, process != getpid(), ChildProcess.startTime(of: process) != nil {
                    continue
                }
                try Files.unlink(incoming.appending(name))
            }
        } catch {
            throw .system(error, doing: "removing half-copied files from the vault")
        }
    }
}
