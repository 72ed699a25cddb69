import Checksums
import Glibc
package import LinuxSystem
package import Millrace

/// Some bytes that the vault keeps.
package struct StoredObject: Hashable, Sendable {
    package let digest: Digest
    package let size: Int

    package init(digest: Digest, size: Int) {
        self.digest = digest
        self.size = size
    }
}

/// Bytes under their SHA-256: each object is a read-only file, named by its digest and never changed.
///
///     let object = try vault.ingest(file, sizeLimit: 1 << 30)
///     try vault.sync()                     // before anybody is told of `object.digest`
///     let copy = try vault.open(object.digest)
///
/// What was stored is durable after the next `sync()`, which serves any number of objects at once.
/// Small objects get their names a moment after that; whoever asks for one before gets it all the same.
/// After a crash in between, a torn object may lie under its name: therefore an object that is there
/// already is compared before it is relied upon, and replaced when it differs.
///
/// Layout: `objects/ab/cdef…` (the first two hexadecimal digits, then the other 62), `incoming/` for
/// what is not yet whole, and `recent`, the log of small objects that are not yet forced to the disk
/// under their names. One process takes drops in, and calls `prepare` first; any number reads.
package struct Vault: Sendable {
    package let directory: FilePath
    let pending: PendingObjects

    /// Objects up to this size are durable as soon as they are in the log of recent ones. Bytes.
    package static let smallSize = RecentLogFormat.objectLimit

    /// Opens the vault in a directory; it is made on the first use. Nothing is written by opening.
    package init(directory: FilePath) throws(VaultError) {
        guard !directory.bytes.isEmpty else {
            throw .system(SystemError(.invalid, "open"), doing: "opening a vault without a name")
        }
        self.directory = directory
        pending = PendingObjects(directory: directory)
    }

    init(_ directory: FilePath, _ pending: PendingObjects) {
        self.directory = directory
        self.pending = pending
    }

    /// Where an object is once it has its name: `file(of:)` waits for that.
    package func path(of digest: Digest) -> FilePath {
        let hex = digest.hex
        return directory.appending("objects").appending(String(hex.prefix(2)))
            .appending(String(hex.dropFirst(2)))
    }

    package func contains(_ digest: Digest) -> Bool {
        if pending.unplaced.contains(digest) { return true }
        for path in [path(of: digest), leavingPath(of: digest), path(of: digest)]
        where ((try? FileStatus.of(path)) ?? nil)?.kind == .regular {
            return true
        }
        return ((try? openRecent(digest)) ?? nil) != nil
    }

    /// Opens an object for reading. - Throws: `missing`.
    package func open(_ digest: Digest) throws(VaultError) -> FileDescriptor {
        try ensurePlaced(digest)
        do throws(SystemError) {
            do throws(SystemError) {
                return try openFile(digest)
            } catch {
                guard error.errno == .notFound, let recent = try openRecent(digest) else {
                    throw error
                }
                return recent
            }
        } catch {
            if error.errno == .notFound { throw .missing(digest) }
            throw .system(error, doing: "opening object \(digest.hex)")
        }
    }

    /// What lies under an object's name at the moment.
    func openFile(_ digest: Digest) throws(SystemError) -> FileDescriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        do throws(SystemError) { return try FileDescriptor.open(path(of: digest), flags) } catch {
            guard error.errno == .notFound else { throw error }
        }
        // It has lost its name for a moment, or for good.
        do throws(SystemError) {
            return try FileDescriptor.open(leavingPath(of: digest), flags)
        } catch {
            guard error.errno == .notFound else { throw error }
        }
        return try FileDescriptor.open(path(of: digest), flags)
    }

    /// Reads a whole object. - Throws: `tooLarge` beyond `limit` bytes, `missing`.
    package func read(_ digest: Digest, limit: Int) throws(VaultError) -> [UInt8] {
        let file = try open(digest)
        let size = try attempting("reading object \(digest.hex)") { () throws(SystemError) in
            try file.status().size
        }
        if size > limit { throw .tooLarge(size: size, limit: limit) }
        return try attempting("reading object \(digest.hex)") { () throws(SystemError) in
            try file.readAll(limit: limit)
        }
    }

    /// Reads an object again and compares it with its name. What a power cut has torn counts as there
    /// when it is in the log of recent objects: the next start puts it in its place.
    ///
    /// - Returns: its size. - Throws: `missing`, `damaged`.
    @discardableResult
    package func verify(_ digest: Digest) throws(VaultError) -> Int {
        let file = try open(digest)
        let found = try Self.hash(of: file)
        if found.digest == digest { return found.size }
        if let recent = try? RecentLog.find(digest, in: directory) { return recent.count }
        throw .damaged(digest)
    }

    /// Whether an object is there and what it was, also if only in the log of recent ones. What cannot
    /// be read at the moment counts as whole.
    package func isWhole(_ digest: Digest) -> Bool {
        do throws(VaultError) {
            try verify(digest)
            return true
        } catch {
            switch error {
            case .missing, .damaged: return false
            default: return true
            }
        }
    }

    /// Removes an object; says nothing when it is not there. Who reads it at the moment goes on
    /// reading.
    package func remove(_ digest: Digest) throws(VaultError) {
        pending.unplaced.forget(digest)
        do throws(SystemError) {
            try Files.unlink(path(of: digest))
        } catch  where error.errno == .notFound {
            return
        } catch {
            throw .system(error, doing: "removing object \(digest.hex)")
        }
    }

    /// Makes everything stored before this call durable. After an error nothing can be stored any
    /// more: the kernel has forgotten which bytes it failed to write.
    package func sync() throws(VaultError) { try pending.sync() }

    /// Whether what was handed over is durable as soon as a file in that directory has been forced to the
    /// disk.
    package func isForced(byFilesIn directory: FilePath) -> Bool {
        pending.recent?.isForced(byThoseIn: directory) ?? false
    }

    /// Hands everything stored before this call to the disk, which may keep it in its cache. Errors are
    /// those of `sync`.
    package func handOver() throws(VaultError) { try pending.handOver() }

    /// - Throws: `unreliable` when bytes could not be forced to the disk, ever since this process began.
    package func check() throws(VaultError) { try pending.check() }

    static func hash(of file: borrowing FileDescriptor) throws(VaultError) -> StoredObject {
        var hash = SHA256()
        var size = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try attempting("reading an object") { () throws(SystemError) in
                try file.read(into: buffer, at: size)
            }
            if count == 0 {
                return StoredObject(digest: Digest(words: hash.finish().words), size: size)
            }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += count
        }
    }
}
