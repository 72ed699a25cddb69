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
