import LinuxSystem
import Millrace

/// Reconciling what is known with what is there: the decisions alone, without a file system, a clock or
/// a watch. `WatchLoop` looks, asks here what follows from what it saw, and does that.
extension FileTree {
    /// What follows for a name from what the listing of its directory says.
    enum Comparison: Equatable, Sendable {
        case asKnown
        /// It is to be looked at by itself.
        case look
        /// It is a directory as before, and what is in it is to be compared.
        case scan
    }

    /// - Parameters:
    ///   - status: nil for a name that is gone again, or that may not be looked at.
    ///   - isDeep: directories are entered although they are watched.
    ///   - isSurveyed: directories are listed by a survey, and need not be entered.
    mutating func compare(
        _ id: NodeID, with status: FileStatus?, isDeep: Bool, isSurveyed: Bool = false
    ) -> Comparison {
        guard let status else { return .look }
        let node = self[id]
        if status.kind == .directory, node.kind == .directory {
            self[id].flags.remove(.vanished)
            let isOther = node.watch < 0 || node.inode != status.inode
            return !isSurveyed && (isDeep || isOther) ? .scan : .asKnown
        }
        // Writes through the other names of a file are only seen by a watch on itself.
        let isSame =
            status.kind == .regular && isKnown(id, status)
            && !(status.links > 1 && node.watch < 0)
        if isSame, node.flags.isDisjoint(with: [.vanished, .waiting]) { return .asKnown }
        let isRefusedStill =
            node.kind == .refused && !isDeep && node.inode == status.inode
            && (status.kind == .directory || node.changed == status.changed)
        return isRefusedStill ? .asKnown : .look
    }

    /// Whether this is the version that was reported last. The device is left out: its number may
    /// change at every start of the machine.
    func isKnown(_ id: NodeID, _ status: FileStatus) -> Bool {
        let node = self[id]
        return node.kind == .file && node.inode == status.inode && node.size == Int64(status.size)
            && node.modified == status.modified && node.changed == status.changed
    }

    /// The known file that this inode was, if its name leads there no more.
    ///
    /// - Parameter leads: whether a name leads to the inode now.
    func moveSource(
        of id: NodeID, _ status: FileStatus, leads: (NodeID) -> Bool
    ) -> NodeID? {
        // One of its names is gone: that moved nothing here.
        if self[id].kind == .file, self[id].inode == status.inode { return nil }
        for other in nodes(ofInode: status.inode) where other != id {
            let node = self[other]
            guard node.kind == .file, node.size == Int64(status.size),
                node.modified == status.modified, version(of: other).device == status.device
            else { continue }
            if node.flags.contains(.vanished) || !leads(other) { return other }
        }
        return nil
    }

    /// Takes a settled version as what is known of a name.
    ///
    /// - Parameter source: where it was moved from; another file may lie there now, so its name is to
    ///   be looked at.
    /// - Returns: what is to be reported; nil for what is no news.
    mutating func settle(
        _ version: FileVersion, at id: NodeID, from source: NodeID?
    ) -> FileChange.Kind? {
        var kind: FileChange.Kind? = .added
        if let source, let old = WorkspacePath(bytes: path(of: source)) {
            kind = .moved(from: old)
            var nothing = self.version(of: source)
            nothing.inode = 0
            nothing.digest = nil
            set(nothing, of: source, .candidate)
        } else if self[id].kind == .file {
            kind = version.news(after: self.version(of: id))
        }
        set(version, of: id, .file)
        return kind
    }

    /// Takes it that what lies there is not taken in. - Returns: whether that is news.
    mutating func refuse(_ version: FileVersion, at id: NodeID) -> Bool {
        let node = self[id]
        let isKnown =
            node.kind == .refused && node.inode == version.inode
            && node.size == Int64(version.size) && node.modified == version.modified
        set(version, of: id, .refused)
        return !isKnown
    }

    /// A name leads to nothing. - Returns: it and all below it, a directory before what is in it: they
    /// may turn up elsewhere. Nothing for a name of which nothing was known.
    func missing(at id: NodeID) -> [NodeID] {
        if self[id].kind == .candidate, self[id].firstChild == FileTree.none { return [] }
        var (found, stack) = ([NodeID](), [id])
        while let next = stack.popLast() {
            stack.append(contentsOf: children(of: next))
            found.append(next)
        }
        return found
    }

    /// What has become of a name that was missing, once everything else has been looked at.
    enum Outcome: Equatable, Sendable {
        /// It is there again, or something below it is.
        case stays
        /// It is to be forgotten, with a report of its removal if it had a version.
        case goes(wasVersion: Bool)
    }

    func outcome(ofMissing id: NodeID) -> Outcome {
        guard self[id].flags.contains(.vanished), self[id].firstChild == FileTree.none else {
            return .stays
        }
        return .goes(wasVersion: self[id].kind == .file || self[id].kind == .refused)
    }
}

extension FileVersion {
    /// What this version is after the one before at the same name. A version is its bytes, its owner
    /// and who else may write it; a changed link count, or a change that was taken back, is nothing.
    fileprivate func news(after before: FileVersion) -> FileChange.Kind? {
        var before = before
        before.changed = changed
        before.device = device
        if before == self { return nil }
        let othersWrite: UInt32 = 0o022
        let isSame =
            before.digest == digest && before.size == size && before.user == user
            && before.mode & othersWrite == mode & othersWrite
        return isSame ? .touched : .changed
    }
}
