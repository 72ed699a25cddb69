import Glibc
import LinuxSystem
import Millrace

/// The root: found, lost, and found again.
extension WatchLoop {
    /// Opens the root, or waits for it where it would appear.
    func openRoot() {
        rootRetry = nil
        do throws(SystemError) {
            let directory = try OpenDirectory(configuration.root)
            root = directory
            rootIdentity = directory.identity
            if let survey, takeOver(survey, of: directory) { return }
            if inotify == nil { inotify = try? OpenInotify() }
            if let number = ancestorWatch { inotify?.queue.end(number) }
            ancestorWatch = nil
            if announced.removeValue(forKey: .rootLost) != nil {
                reports.append(.recovered(.rootLost))
            }
            enqueueScan(FileTree.root, epoch, deep: true)
        } catch {
            loseRoot()
        }
    }

    /// Goes on from a survey that was begun before. False: it is of another directory.
    private func takeOver(_ survey: Survey, of directory: OpenDirectory) -> Bool {
        self.survey = nil
        defer { survey.cancel() }
        guard survey.root.identity == directory.identity, inotify == nil else { return false }
        inotify = survey.inotify
        while let findings = survey.next() {
            for finding in findings { take(finding) }
        }
        return true
    }

    private func take(_ finding: Survey.Finding) {
        switch finding {
        case .listing(let listing): take(listing)
        case .failed(let path, let error):
            if let id = node(of: path) { scanFailed(id, error, epoch) }
        }
    }

    private func take(_ listing: Survey.Listing) {
        // What was not known is looked at by itself, and scanned then.
        guard let id = node(of: listing.path), tree[id].kind == .directory else { return }
        let device = listing.status.device
        if traits[device] == nil { note(listing.kind, of: device) }
        markInside(id)
        noteDirectory(id, listing.status)
        if let watch = listing.watch {
            note(watch, of: id, on: device)
        } else {
            setUnwatched(id, .asked)
        }
        let children = tree.children(of: id)
        for child in children { tree[child].flags.remove(.seen) }
        listing.names.withUnsafeBytes { names in
            var start = 0
            var looks: [Look] = []
            for entry in listing.entries {
                let name = UnsafeRawBufferPointer(rebasing: names[start..<entry.nameEnd])
                start = entry.nameEnd
                guard let child = child(name, of: id) else { continue }
                tree[child].flags.insert(.seen)
                compare(child, entry.status, epoch, isDeep: true, isSurveyed: true, &looks)
            }
            enqueueByAge(looks, epoch)
        }
        for child in children where !tree[child].flags.contains(.seen) {
            enqueueCold(child, epoch)
        }
    }

    private func node(of path: [UInt8]) -> FileTree.NodeID? {
        path.withUnsafeBytes { bytes in
            var id = FileTree.root
            for name in bytes.split(separator: UInt8(ascii: "/")) {
                guard let child = tree.find(UnsafeRawBufferPointer(rebasing: name), in: id) else {
                    return nil
                }
                id = child
            }
            return id
        }
    }

    /// Opens the root for a turn of work, if it is still the same.
    func holdRoot() {
        guard root == nil else { return }
        if let directory = try? OpenDirectory(configuration.root),
            directory.identity == rootIdentity
        {
            root = directory
        } else {
            loseRoot()
            openRoot()
        }
    }

    /// After a sign that the root is another: is it?
    func checkRoot() {
        suspectsRoot = false
        root = nil
        if rootIdentity != nil, tree[FileTree.root].watch >= 0 {
            holdRoot()
        } else {
            if rootIdentity != nil { loseRoot() }
            openRoot()
        }
    }

    private func loseRoot() {
        if rootIdentity != nil {
            rootIdentity = nil
            root = nil
            // A new queue forgets all watches at once, also those on what was moved away.
            inotify = try? OpenInotify()
            for id in watches.values { tree[id].watch = -1 }
            watches = [:]
            watchedInodes = [:]
            ancestorWatch = nil
            unwatched = [:]
            unwatchedChanged = true
            nextScan = nil
        }
        if inotify == nil { inotify = try? OpenInotify() }
        if announced[.rootLost] == nil {
            let loss = Degradation(
                part: nil, reason: .rootLost, directories: 1, interval: .seconds(1))
            announced[.rootLost] = loss
            reports.append(.degraded(loss))
        }
        watchAncestor()
        // Also where the directory above cannot be watched.
        rootRetry = monotonicNanoseconds() + 1000 * Settling.millisecond
    }

    private func watchAncestor() {
        if let number = ancestorWatch { inotify?.queue.end(number) }
        ancestorWatch = nil
        var path = configuration.root.parent
        while true {
            let above = path.bytes.isEmpty ? FilePath(".") : path
            if let directory = try? FileDescriptor.open(above, O_RDONLY | O_DIRECTORY) {
                ancestorWatch = try? inotify?.queue.watch(directory, [.created, .movedTo])
                return
            }
            if path.bytes.isEmpty || path.parent == path { return }
            path = path.parent
        }
    }
}
