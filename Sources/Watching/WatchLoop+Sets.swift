import LinuxSystem
import Millrace

/// A file that is copied already, and waits for the rest of its set.
struct HeldFile {
    var version: FileVersion
    /// The directory of the rule that holds it.
    var prefix: [UInt8]
    var rule: WatchConfiguration.SetRule
}

/// Files that are one drop only together.
extension WatchLoop {
    /// Holds a file back if its set is not complete.
    func hold(_ id: FileTree.NodeID, _ version: FileVersion, _ epoch: UInt32) -> Bool {
        guard !configuration.sets.isEmpty, let (prefix, rule) = setRule(of: id) else {
            return false
        }
        let now = monotonicNanoseconds()
        var cause = Settling.Wait.Cause.writer
        switch rule {
        case .marker(let name):
            if isName(name, of: id) || isMarked(id, version, name, prefix) { return false }
        case .quiet(let time):
            // Time passes by itself: a barrier can wait for it.
            cause = .time
            quietEnds[prefix] = now + time.nanoseconds
        }
        held[id] = HeldFile(version: version, prefix: prefix, rule: rule)
        setWait(
            id,
            Settling.Wait(cause: cause, sight: version.sight, since: now, attempts: 0, due: nil),
            epoch)
        return true
    }

    /// A marker has settled: all that was written before it, at its side and below, is one set.
    func releaseSet(markedBy id: FileTree.NodeID, _ version: FileVersion) {
        guard !held.isEmpty, let (_, rule) = setRule(of: id), case .marker(let name) = rule,
            isName(name, of: id)
        else { return }
        let directory = tree.path(of: tree[id].parent)
        let members = held.filter { member in
            member.value.rule == rule && member.value.version.changed <= version.changed
                && isBelow(tree.path(of: member.key), directory)
        }
        release(members, as: directory)
    }

    /// Directories in which nothing was written for long enough.
    func releaseQuietSets() {
        guard !quietEnds.isEmpty else { return }
        let now = monotonicNanoseconds()
        for (prefix, end) in quietEnds where end <= now {
            // A file that is being written belongs to the set.
            let isWritten = waits.contains { waiting in
                held[waiting.key] == nil && isBelow(tree.path(of: waiting.key), prefix)
            }
            if isWritten, let rule = setRule(ofDirectory: prefix), case .quiet(let time) = rule {
                quietEnds[prefix] = now + max(time.nanoseconds, Settling.millisecond)
                continue
            }
            quietEnds[prefix] = nil
            release(held.filter { $0.value.prefix == prefix }, as: prefix)
        }
    }

    private func release(_ members: [FileTree.NodeID: HeldFile], as directory: [UInt8]) {
        let set = WorkspacePath(bytes: directory)
        let ordered = members.keys.map { ($0, tree.path(of: $0)) }
            .sorted { $0.1.lexicographicallyPrecedes($1.1) }
        for (id, _) in ordered {
            guard let member = members[id] else { continue }
            endWait(id)
            report(id, member.version, from: nil, set: set)
        }
    }

    /// Whether a marker written after this version lies at its side or above.
    private func isMarked(
        _ id: FileTree.NodeID, _ version: FileVersion, _ name: String, _ prefix: [UInt8]
    ) -> Bool {
        var directory = tree[id].parent
        while directory != FileTree.none {
            let marker = Array(name.utf8).withUnsafeBytes { tree.find($0, in: directory) }
            if let marker, tree[marker].kind == .file, tree[marker].changed >= version.changed {
                return true
            }
            if directory == FileTree.root || tree.path(of: directory) == prefix { return false }
            directory = tree[directory].parent
        }
        return false
    }

    private func setRule(
        of id: FileTree.NodeID
    ) -> (prefix: [UInt8], rule: WatchConfiguration.SetRule)? {
        var path = tree.path(of: tree[id].parent)
        while !path.isEmpty {
            if let rule = setRule(ofDirectory: path) { return (path, rule) }
            path = Array(path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)])
        }
        return nil
    }

    private func setRule(ofDirectory path: [UInt8]) -> WatchConfiguration.SetRule? {
        WorkspacePath(bytes: path).flatMap { configuration.sets[$0] }
    }

    private func isName(_ name: String, of id: FileTree.NodeID) -> Bool {
        tree.withName(of: id) { $0.elementsEqual(name.utf8) }
    }

    private func isBelow(_ path: [UInt8], _ directory: [UInt8]) -> Bool {
        path.count > directory.count && path.starts(with: directory)
            && path[directory.count] == UInt8(ascii: "/")
    }
}
