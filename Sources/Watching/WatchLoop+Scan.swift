import Glibc
import LinuxSystem
import Millrace

/// Scanning directories, and names that are gone.
extension WatchLoop {
    func foundDirectory(_ id: FileTree.NodeID, _ status: FileStatus, _ epoch: UInt32) {
        let parent = tree[id].parent
        let admission = tree.withName(of: id) { self.admission($0, of: parent) }
        guard admission == .inside || admission == .passage else {
            if tree[id].kind == .candidate { forgetNode(id) }
            return
        }
        if tree.depth(of: id) > configuration.depthLimit {
            refuse(id, .tooDeep(limit: configuration.depthLimit), status, epoch)
            return
        }
        if tree[id].kind != .directory {
            if tree[id].kind == .file || tree[id].kind == .refused { reportRemoval(id) }
            endWait(id)
            endWatch(id)
            tree.set(FileVersion(status, digest: nil), of: id, .directory)
        }
        // It may have been elsewhere in between, and what happened below it then was looked for here:
        // so everything below is compared again.
        tree[id].flags.insert(.deep)
        scan(id, epoch)
    }

    /// Watches a directory, then compares what is in it with what is known: everything that differs
    /// is put into the queues.
    func scan(_ id: FileTree.NodeID, _ epoch: UInt32) {
        guard let root else { return }
        let isDeep = tree[id].flags.contains(.deep)
        tree[id].flags.remove(.deep)
        markInside(id)
        let begin = monotonicNanoseconds()
        do throws(SystemError) {
            let flags = O_RDONLY | O_DIRECTORY
            let directory =
                id == FileTree.root
                ? try root.descriptor.open(at: FilePath("."), flags)
                : try root.descriptor.open(beneath: FilePath(bytes: tree.path(of: id)), flags)
            let status = try directory.status()
            noteDirectory(id, status)
            watch(id, directory, status)
            let children = tree.children(of: id)
            for child in children { tree[child].flags.remove(.seen) }
            var looks: [Look] = []
            defer { enqueueByAge(looks, epoch) }
            try directory.forEachName(using: buffer) { name in
                guard let child = child(name, of: id) else { return }
                tree[child].flags.insert(.seen)
                let status = (try? directory.status(ofName: name)) ?? nil
                compare(child, status, epoch, isDeep: isDeep, &looks)
            }
            for child in children where !tree[child].flags.contains(.seen) {
                enqueueCold(child, epoch)
            }
        } catch {
            scanFailed(id, error, epoch)
        }
        if unwatched[id] != nil { scanNanoseconds += monotonicNanoseconds() - begin }
    }

    func noteDirectory(_ id: FileTree.NodeID, _ status: FileStatus) {
        let known = tree[id]
        let isSame =
            known.kind == .directory && known.inode == status.inode
            && known.modified == status.modified && known.changed == status.changed
        if id != FileTree.root, !isSame {
            tree.set(FileVersion(status, digest: nil), of: id, .directory)
        }
    }

    func markInside(_ id: FileTree.NodeID) {
        guard id != FileTree.root, !tree[id].flags.contains(.inside) else { return }
        let parent = tree[id].parent
        let admission = tree.withName(of: id) { self.admission($0, of: parent) }
        if admission == .inside { tree[id].flags.insert(.inside) }
    }

    func scanFailed(_ id: FileTree.NodeID, _ error: SystemError, _ epoch: UInt32) {
        if id == FileTree.root {
            suspectsRoot = true
            return
        }
        switch error.errno.code {
        case ENOENT, ENOTDIR, ELOOP, EXDEV, ESTALE, EMFILE, ENFILE, ENOMEM:
            // The look tells whether it is gone, or is tried again.
            enqueueCold(id, epoch)
        default:
            // What is known of it stays known; it is tried again at every scan.
            setUnwatched(id, .notPermitted)
        }
    }

    /// A name that a scan found to differ from what is known.
    struct Look {
        var id: FileTree.NodeID
        /// When it came or was changed last; 0 for what could not be looked at.
        var changed: Int64
        var modified: Int64
    }

    /// - Parameters:
    ///   - isSurveyed: directories are told of by the survey.
    ///   - looks: what is to be looked at is added here.
    func compare(
        _ child: FileTree.NodeID, _ status: FileStatus?, _ epoch: UInt32, isDeep: Bool,
        isSurveyed: Bool = false, _ looks: inout [Look]
    ) {
        let comparison = tree.compare(
            child, with: status, isDeep: isDeep, isSurveyed: isSurveyed)
        switch comparison {
        case .asKnown: break
        case .look:
            looks.append(
                Look(id: child, changed: status?.changed ?? 0, modified: status?.modified ?? 0))
        case .scan: enqueueScan(child, epoch, deep: isDeep)
        }
    }

    /// What lies in one directory is told in the order in which it came, as if it had been seen
    /// coming, and not in the order in which the file system keeps it.
    func enqueueByAge(_ looks: [Look], _ epoch: UInt32) {
        let ordered = looks.sorted { first, second in
            if first.changed != second.changed { return first.changed < second.changed }
            if first.modified != second.modified { return first.modified < second.modified }
            return tree.withName(of: first.id) { name in
                tree.withName(of: second.id) { name.lexicographicallyPrecedes($0) }
            }
        }
        for look in ordered { enqueueCold(look.id, epoch) }
    }

    // MARK: Gone

    static var vanishedLimit: Int64 { 2000 * Settling.millisecond }

    /// A name leads to nothing. It and all below it are held until everything else has been looked
    /// at: they may have been moved.
    func vanish(_ id: FileTree.NodeID, _ epoch: UInt32) {
        let missing = tree.missing(at: id)
        if missing.isEmpty {
            forgetNode(id)
            return
        }
        for next in missing {
            endWait(next)
            guard !tree[next].flags.contains(.vanished) else { continue }
            tree[next].flags.insert(.vanished)
            outstanding[epoch, default: 0] += 1
            vanished.append(WorkQueue.Item(id: next, epoch: epoch))
        }
        vanishedSince = vanishedSince ?? monotonicNanoseconds()
    }

    /// A directory that has become something else: what was below it is gone.
    func becomeCandidate(_ id: FileTree.NodeID, _ epoch: UInt32) {
        endWatch(id)
        tree[id].kind = .candidate
        for child in tree.children(of: id) { vanish(child, epoch) }
    }

    /// Reports what was not found anywhere else.
    func settleVanished() {
        guard !vanished.isEmpty, rootIdentity != nil else { return }
        drain()
        let isOverdue =
            monotonicNanoseconds() - (vanishedSince ?? 0) > Self.vanishedLimit
        if hasWork, !isOverdue { return }
        let items = vanished
        vanished = []
        vanishedSince = nil
        // What is below a directory comes after it.
        for item in items.reversed() {
            let outcome = tree.outcome(ofMissing: item.id)
            tree.unpin(item.id, .vanished)
            if case .goes(let wasVersion) = outcome {
                if wasVersion { reportRemoval(item.id) }
                forgetNode(item.id)
            }
            finish(item.epoch)
        }
    }

    func reportRemoval(_ id: FileTree.NodeID) {
        guard let path = path(of: id) else { return }
        let version = tree.version(of: id)
        reports.append(.change(FileChange(path: path, kind: .removed, version: version)))
    }

    /// Takes a node without children out of the tree, with all that is kept about it.
    func forgetNode(_ id: FileTree.NodeID) {
        guard id != FileTree.root, tree[id].firstChild == FileTree.none else { return }
        endWait(id)
        endWatch(id)
        if unwatched.removeValue(forKey: id) != nil { unwatchedChanged = true }
        tree.free(id)
    }
}
