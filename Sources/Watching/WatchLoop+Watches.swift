import Glibc
import LinuxSystem
import Millrace

/// Watches, and the parts that cannot have any.
extension WatchLoop {
    private static let interesting: Inotify.Mask = [
        .modified, .attributes, .closedAfterWriting, .movedFrom, .movedTo, .created, .deleted,
        .onlyDirectory, .excludeUnlinked,
    ]

    static func mask(isRoot: Bool) -> Inotify.Mask {
        isRoot ? interesting.union([.movedSelf, .deletedSelf]) : interesting
    }

    /// Watches a directory that is open; one that cannot be watched is scanned from now on.
    func watch(
        _ id: FileTree.NodeID, _ directory: borrowing FileDescriptor, _ status: FileStatus
    ) {
        if traits[status.device] == nil {
            note(try? FileSystemKind(of: directory), of: status.device)
        }
        if isScanned(id) {
            endWatch(id)
            setUnwatched(id, .asked)
            return
        }
        guard let inotify else {
            setUnwatched(id, silence(of: status.device) ?? .queueLimit)
            return
        }
        let mask = Self.mask(isRoot: id == FileTree.root)
        note(
            Result { () throws(SystemError) in try inotify.queue.watch(directory, mask) },
            of: id, on: status.device)
    }

    /// Takes what came of watching a directory into account.
    func note(_ watch: Result<Int32, SystemError>, of id: FileTree.NodeID, on device: UInt64) {
        var reason: Degradation.Reason?
        switch watch {
        case .success(let number):
            let old = tree[id].watch
            if old >= 0, old != number { endWatch(id) }
            if let other = watches[number], other != id { tree[other].watch = -1 }
            watches[number] = id
            tree[id].watch = number
        case .failure: reason = .watchLimit
        }
        setUnwatched(id, silence(of: device) ?? reason)
    }

    /// Whether it lies in a directory that is scanned instead of watched.
    func isScanned(_ id: FileTree.NodeID) -> Bool {
        if configuration.scanned.isEmpty { return false }
        return rules.isScanned(tree.path(of: id))
    }

    func note(_ kind: FileSystemKind?, of device: UInt64) {
        var name: String?
        if case .silent(let silent)? = kind { name = silent }
        traits[device] = DeviceTraits(
            silentName: name, hasFineTimestamps: kind?.hasFineTimestamps(kernel: kernel) == true)
    }

    private func silence(of device: UInt64) -> Degradation.Reason? {
        traits[device]?.silentName.map { .silentFileSystem($0) }
    }

    func setUnwatched(_ id: FileTree.NodeID, _ reason: Degradation.Reason?) {
        guard unwatched[id] != reason else { return }
        unwatched[id] = reason
        unwatchedChanged = true
    }

    /// Watches a file itself; without a watch it is only seen by scans. The kernel has one watch for
    /// all names of a file: one of them holds it for the others.
    func watchInode(_ id: FileTree.NodeID, _ file: borrowing FileDescriptor, inode: UInt64) {
        guard let inotify else { return }
        let held = tree[id].watch
        if held >= 0 {
            if watchedInodes[held] == inode { return }
            // Another file has taken the place of the one that was watched.
            endWatch(id)
        }
        let mask: Inotify.Mask = [.closedAfterWriting, .modified, .attributes]
        guard let number = try? inotify.queue.watch(file, mask), watches[number] == nil else {
            return
        }
        watches[number] = id
        watchedInodes[number] = inode
        tree[id].watch = number
    }

    /// - Parameter only: the file that the name leads to, if it is known to be its only name.
    func endWatch(_ id: FileTree.NodeID, onlyNameOf only: UInt64? = nil) {
        let number = tree[id].watch
        guard number >= 0 else { return }
        tree[id].watch = -1
        guard watches[number] == id else { return }
        // The file's other names are seen by it, too.
        if let inode = watchedInodes[number], inode != only,
            let other = tree.nodes(ofInode: inode).first(where: {
                $0 != id && tree[$0].kind == .file && tree[$0].watch < 0
            })
        {
            tree[other].watch = number
            watches[number] = other
            enqueueHot(other, epoch)
            return
        }
        watches[number] = nil
        watchedInodes[number] = nil
        inotify?.queue.end(number)
    }

    // MARK: Saying so

    /// Says what is degraded, once all is known about it, and that the start is over.
    func announce() {
        if unwatchedChanged { announceDegradations() }
        if !unwatched.isEmpty, nextScan == nil {
            let pause = max(configuration.scanInterval.nanoseconds, 20 * scanNanoseconds)
            scanNanoseconds = 0
            nextScan = monotonicNanoseconds() + pause
        }
        if isInitial, rootIdentity != nil, vanished.isEmpty {
            isInitial = false
            reports.append(.ready)
        }
    }

    private func announceDegradations() {
        unwatchedChanged = false
        var parts: [Degradation.Reason: (path: [UInt8], count: Int)] = [:]
        for (id, reason) in unwatched {
            let path = tree.path(of: id)
            let known = parts[reason]
            parts[reason] = (
                known.map { Self.commonDirectory($0.path, path) } ?? path, (known?.count ?? 0) + 1
            )
        }
        for (reason, part) in parts {
            let degradation = Degradation(
                part: WorkspacePath(bytes: part.path), reason: reason, directories: part.count,
                interval: configuration.scanInterval)
            if announced[reason]?.part != degradation.part || announced[reason] == nil {
                reports.append(.degraded(degradation))
            }
            announced[reason] = degradation
        }
        for reason in announced.keys where parts[reason] == nil && reason != .rootLost {
            announced[reason] = nil
            reports.append(.recovered(reason))
        }
    }

    static func commonDirectory(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        var common: [UInt8] = []
        for (one, other) in zip(a.split(separator: slash), b.split(separator: slash)) {
            if one != other { break }
            if !common.isEmpty { common.append(slash) }
            common.append(contentsOf: one)
        }
        return common
    }
}
