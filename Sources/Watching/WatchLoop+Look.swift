import CLinux
import Glibc
import LinuxSystem
import Millrace

/// Looking at one name: what is there now, is it whole, and is it another version than the last?
extension WatchLoop {
    func look(_ id: FileTree.NodeID, _ epoch: UInt32) {
        guard tree[id].kind != .free, let root else { return }
        if id == FileTree.root {
            enqueueScan(id, epoch, deep: false)
            return
        }
        let path = FilePath(bytes: tree.path(of: id))
        do throws(SystemError) {
            // O_PATH does not open what it finds: no FIFO waits, no device moves.
            let handle = try root.descriptor.open(beneath: path, CInt(CLINUX_O_PATH))
            let status = try handle.status()
            tree[id].flags.remove(.vanished)
            switch status.kind {
            case .directory: foundDirectory(id, status, epoch)
            case .regular: foundFile(id, handle, status, epoch)
            case .symbolicLink: refuse(id, .symbolicLink, status, epoch)
            case .fifo: refuse(id, .special("FIFO"), status, epoch)
            case .socket: refuse(id, .special("socket"), status, epoch)
            case .device: refuse(id, .special("device"), status, epoch)
            case .other: refuse(id, .special("thing of unknown kind"), status, epoch)
            }
        } catch {
            lookFailed(id, error, epoch)
        }
    }

    private func lookFailed(_ id: FileTree.NodeID, _ error: SystemError, _ epoch: UInt32) {
        switch error.errno.code {
        case ENOENT, ENOTDIR, ELOOP, EXDEV, ESTALE:
            vanish(id, epoch)
        case EMFILE, ENFILE, ENOMEM, EAGAIN:
            // No means to look at the moment: nothing is known about the file.
            retry(id, after: 100 * Settling.millisecond, epoch)
        default:
            // A directory above may not be searched: what is known stays known until it may.
            setUnwatched(tree[id].parent, .notPermitted)
            if tree[id].kind == .candidate { forgetNode(id) }
        }
    }

    private func retry(_ id: FileTree.NodeID, after delay: Int64, _ epoch: UInt32) {
        let now = monotonicNanoseconds()
        let sight = Settling.Sight(inode: 0, size: 0, modified: 0, changed: 0)
        setWait(
            id,
            Settling.Wait(cause: .time, sight: sight, since: now, attempts: 0, due: now + delay),
            epoch)
    }

    private func foundFile(
        _ id: FileTree.NodeID, _ handle: borrowing FileDescriptor, _ first: FileStatus,
        _ epoch: UInt32
    ) {
        if tree[id].kind == .directory { becomeCandidate(id, epoch) }
        if tree.isKnown(id, first) {
            if first.links > 1 {
                watchInode(id, handle, inode: first.inode)
            } else {
                endWatch(id, onlyNameOf: first.inode)
            }
            endWait(id)
            return
        }
        if let kept = held[id], kept.version.sight == Settling.Sight(first) { return }
        if let copy = copies[id], Settling.Sight(copy.status) == Settling.Sight(first) { return }
        do throws(SystemError) {
            try judge(id, handle, try reopen(handle), epoch)
        } catch {
            if error.errno == .access || error.errno == .permission {
                refuse(id, .notPermitted(error.errno.description), first, epoch)
            } else {
                lookFailed(id, error, epoch)
            }
        }
    }

    private func judge(
        _ id: FileTree.NodeID, _ handle: borrowing FileDescriptor,
        _ file: borrowing FileDescriptor, _ epoch: UInt32
    ) throws(SystemError) {
        let first = try file.status()
        // Writes through another name of the file are seen by a watch on the file alone, which must
        // be there before the state that is taken in.
        if first.links > 1 { watchInode(id, handle, inode: first.inode) }
        let here = traits[first.device]
        let isServed = here?.silentName == nil && !isScanned(tree[id].parent)
        let writer = isServed ? file.probeWriters() : .unknown
        let status = try file.status()
        let (clock, tick) = fileClock()
        let now = monotonicNanoseconds()
        let rule = Settling.Rule(
            probed: settleTime(of: id), unprobed: unprobedSettleTime(of: id),
            tick: here?.hasFineTimestamps == true ? 0 : 2 * tick)
        let verdict = Settling.judge(
            previous: waits[id]?.wait, sight: Settling.Sight(status), writer: writer,
            age: clock - status.changed, now: now, rule: rule)
        switch verdict {
        case .wait(let wait): keepWaiting(id, wait, handle, epoch)
        case .take: take(id, file, status, epoch)
        }
    }

    /// A writer that stays is not asked about any more: a watch on the file itself tells when it
    /// has closed, under whatever name it was opened.
    private func keepWaiting(
        _ id: FileTree.NodeID, _ wait: Settling.Wait, _ handle: borrowing FileDescriptor,
        _ epoch: UInt32
    ) {
        var wait = wait
        let isWatched = watchedInodes[tree[id].watch] == wait.sight.inode
        if wait.cause == .writer, wait.due == nil, !isWatched {
            // Once more after the watch is there, in case it was closed in between; and for ever if
            // there can be no watch.
            watchInode(id, handle, inode: wait.sight.inode)
            wait.due = monotonicNanoseconds() + 1000 * Settling.millisecond
            wait.attempts = Settling.attemptLimit
        }
        setWait(id, wait, epoch)
    }

    func reopen(
        _ handle: borrowing FileDescriptor
    ) throws(SystemError) -> FileDescriptor {
        let path = FilePath("/proc/self/fd/\(handle.raw)")
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
        do throws(SystemError) {
            return try FileDescriptor.open(path, flags | CInt(CLINUX_O_NOATIME))
        } catch  where error.errno == .permission {
            return try FileDescriptor.open(path, flags)
        }
    }

    // MARK: Reporting

    func settle(
        _ id: FileTree.NodeID, _ version: FileVersion, from source: FileTree.NodeID?,
        _ epoch: UInt32
    ) {
        endWait(id)
        if hold(id, version, epoch) { return }
        report(id, version, from: source)
        releaseSet(markedBy: id, version)
    }

    func report(
        _ id: FileTree.NodeID, _ version: FileVersion, from source: FileTree.NodeID?,
        set: WorkspacePath? = nil
    ) {
        guard let path = path(of: id) else { return }
        guard let kind = tree.settle(version, at: id, from: source) else {
            if isSettledLongAgo(version) { reports.append(.recognised(path, version)) }
            return
        }
        if case .moved = kind, let source { leave(source, to: id) }
        reports.append(.change(FileChange(path: path, kind: kind, version: version, set: set)))
    }

    /// A file has left a name: another may have taken its place there, and is looked for.
    private func leave(_ source: FileTree.NodeID, to id: FileTree.NodeID) {
        let watch = tree[source].watch
        if watch >= 0, tree[id].watch < 0 {
            tree[source].watch = -1
            tree[id].watch = watch
            watches[watch] = id
        } else {
            endWatch(source)
        }
        enqueueHot(source, epoch)
    }

    func refuse(
        _ id: FileTree.NodeID, _ reason: FileRefusal.Reason, _ status: FileStatus,
        _ epoch: UInt32
    ) {
        endWait(id)
        guard let path = path(of: id) else { return }
        var version = FileVersion(status, digest: nil)
        if status.kind == .directory {
            // Whatever happens in it, it stays the same refusal.
            version.size = 0
            version.modified = 0
            version.changed = 0
        }
        if tree[id].kind == .directory { becomeCandidate(id, epoch) }
        guard tree.refuse(version, at: id) else { return }
        reports.append(.refused(FileRefusal(path: path, reason: reason, version: version)))
    }

    func path(of id: FileTree.NodeID) -> WorkspacePath? {
        WorkspacePath(bytes: tree.path(of: id))
    }

    private func settleTime(of id: FileTree.NodeID) -> Int64 {
        guard !configuration.settleTimes.isEmpty else { return 0 }
        var path = tree.path(of: id)
        while !path.isEmpty {
            if let prefix = WorkspacePath(bytes: path),
                let time = configuration.settleTimes[prefix]
            {
                return time.nanoseconds
            }
            path = Array(path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)])
        }
        return 0
    }

    private func unprobedSettleTime(of id: FileTree.NodeID) -> Int64 {
        max(settleTime(of: id), configuration.unprobedSettleTime.nanoseconds)
    }
}

extension Settling.Sight {
    init(_ status: FileStatus) {
        self.init(
            inode: status.inode, size: status.size, modified: status.modified,
            changed: status.changed)
    }
}

extension FileVersion {
    var sight: Settling.Sight {
        Settling.Sight(inode: inode, size: size, modified: modified, changed: changed)
    }
}

extension Duration {
    /// Nanoseconds, at most a year: what is longer is a mistake in the settings, not a time to wait.
    var nanoseconds: Int64 {
        let seconds = min(max(components.seconds, 0), 365 * 86_400)
        return seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
