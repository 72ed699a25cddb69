import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// The log of recent objects: read at the start, cleaned when a half is full or nothing else is to do.
extension Vault {
    /// Makes the vault ready for its one writer, before anything is stored: removes what a process
    /// that died left half copied, and restores what a power cut took from recent objects.
    package func prepare() throws(VaultError) {
        try removeLeftovers()
        try attempting("making the vault's directory") { () throws(SystemError) in
            try Files.makeDirectories(directory, mode: 0o700)
            try restoreLeaving()
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
        pending.startPlacing()
    }

    /// Forces recent objects to the disk under their own names: for a moment without other work. What
    /// cannot be forced stays in the log of recent objects, and `check` says so.
    package func settle() {
        pending.settling.withLock { _ in
            guard let recent = pending.recent, let half = recent.close() else { return }
            if !finishCleaning(half, of: recent) { clean(half, of: recent) }
        }
    }

    /// On a thread of its own: drops go on in the other half meanwhile.
    func clean(_ half: Int, of recent: RecentLog) {
        do {
            try BlockingThread.start {
                // Without room for the names, the bytes stay in the log.
                while !finishCleaning(half, of: recent) { usleep(1_000_000) }
            }
        } catch {
            _ = finishCleaning(half, of: recent)
        }
    }

    /// False: there is no room for it now.
    private func finishCleaning(_ half: Int, of recent: RecentLog) -> Bool {
        let digests = Set(recent.digests(of: half))
        do {
            for digest in digests { try ensurePlaced(digest) }
            if digests.count > PendingObjects.individualLimit {
                try pending.syncFileSystem()
            } else {
                try syncEach(digests)
            }
            recent.reopen(half)
        } catch let error as VaultError where error.isShortage {
            return false
        } catch let error as VaultError {
            pending.fail(error.system)
        } catch {
            pending.fail((error as? SystemError) ?? SystemError(.inputOutput, "fsync"))
        }
        return true
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
