import CLinux
import Glibc
import LinuxSystem
import Millrace

/// Taking a settled file in: copying it, here or aside, and what follows from that.
extension WatchLoop {
    func take(
        _ id: FileTree.NodeID, _ file: borrowing FileDescriptor, _ status: FileStatus,
        _ epoch: UInt32
    ) {
        if status.size > configuration.sizeLimit {
            refuse(id, .tooLarge(limit: configuration.sizeLimit), status, epoch)
            return
        }
        let source = moveSource(of: id, status)
        if let source, tree[source].changed == status.changed, let digest = tree[source].digest {
            // The directory was moved, not the file: nothing about the file has changed.
            settle(id, FileVersion(status, digest: digest), from: source, epoch)
            return
        }
        if status.size >= Self.asideSize, copyAside(id, file, status, epoch) { return }
        finishTaking(id, file, status, Result { try ingest(file, status) }, epoch)
    }

    /// What was copied counts only if nothing has touched the file meanwhile, and nobody could have.
    func finishTaking(
        _ id: FileTree.NodeID, _ file: borrowing FileDescriptor, _ status: FileStatus,
        _ copied: Result<Digest, any Error>, _ epoch: UInt32
    ) {
        let sight = Settling.Sight(status)
        let after = try? file.status()
        switch copied {
        case .success(let digest):
            if let after, Settling.Sight(after) == sight, file.probeWriters() != .present {
                settle(
                    id, FileVersion(after, digest: digest), from: moveSource(of: id, after), epoch)
                if after.links == 1 { endWatch(id, onlyNameOf: after.inode) }
            } else {
                lookSoonAgain(id, status, epoch)
            }
        case .failure(let error):
            if after.map(Settling.Sight.init) == sight {
                notStored(id, status, "\(error)", epoch)
            } else {
                lookSoonAgain(id, status, epoch)
            }
        }
    }

    private func lookSoonAgain(_ id: FileTree.NodeID, _ status: FileStatus, _ epoch: UInt32) {
        let verdict = Settling.judge(
            previous: waits[id]?.wait, sight: Settling.Sight(status), writer: .present, age: 0,
            now: monotonicNanoseconds(),
            rule: Settling.Rule(probed: 0, unprobed: 0, tick: 0))
        guard case .wait(var wait) = verdict else { return }
        wait.due = wait.due ?? monotonicNanoseconds() + 1000 * Settling.millisecond
        setWait(id, wait, epoch)
    }

    private func notStored(
        _ id: FileTree.NodeID, _ status: FileStatus, _ why: String, _ epoch: UInt32
    ) {
        let sight = Settling.Sight(status)
        let attempts = min((waits[id]?.wait.attempts ?? 0) + 1, 7)
        if unstored[id] != sight, let path = path(of: id) {
            unstored[id] = sight
            let version = FileVersion(status, digest: nil)
            reports.append(
                .refused(FileRefusal(path: path, reason: .notStored(why), version: version)))
        }
        let now = monotonicNanoseconds()
        setWait(
            id,
            Settling.Wait(
                cause: .writer, sight: sight, since: now, attempts: attempts,
                due: now + (Int64(1) << Int64(attempts - 1)) * 1000 * Settling.millisecond),
            epoch)
    }

    /// The known file that this inode was, if its name leads there no more.
    private func moveSource(
        of id: FileTree.NodeID, _ status: FileStatus
    ) -> FileTree.NodeID? {
        tree.moveSource(of: id, status) { leads($0, to: status) }
    }

    private func leads(_ id: FileTree.NodeID, to status: FileStatus) -> Bool {
        let path = FilePath(bytes: tree.path(of: id))
        guard
            let there = try? root?.descriptor.open(beneath: path, CInt(CLINUX_O_PATH)).status()
        else { return false }
        return there.inode == status.inode && there.device == status.device
    }

    // MARK: Large files

    /// From this size on a file is copied on a thread of its own, so that small ones do not wait for
    /// it: 64 MB take about as long as a hundred small files.
    static let asideSize = 64 << 20

    private func copyAside(
        _ id: FileTree.NodeID, _ file: borrowing FileDescriptor, _ status: FileStatus,
        _ epoch: UInt32
    ) -> Bool {
        let raw = fcntl(file.raw, F_DUPFD_CLOEXEC, 0)
        guard raw >= 0 else { return false }
        let copy = AsideCopy(
            id: id, epoch: epoch, file: FileDescriptor(owning: raw), status: status)
        if asideQueue == nil {
            asideQueue = try? AsideQueue(ingest: ingest) { [delivery] in delivery.wakeUp.signal() }
        }
        guard let asideQueue else { return false }
        let sight = Settling.Sight(status)
        let now = monotonicNanoseconds()
        setWait(
            id, Settling.Wait(cause: .time, sight: sight, since: now, attempts: 0, due: nil), epoch)
        copies[id] = copy
        asideQueue.append(copy)
        return true
    }

    /// What has been copied aside since the last turn.
    func finishCopies() {
        guard !copies.isEmpty, let asideQueue else { return }
        for (copy, result) in asideQueue.takeFinished() {
            // Dropped meanwhile: the file changed or is gone, and its number may be another's.
            guard copies[copy.id] === copy else { continue }
            copies[copy.id] = nil
            finishTaking(copy.id, copy.file, copy.status, result, copy.epoch)
        }
    }
}
