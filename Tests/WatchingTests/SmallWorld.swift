import Glibc
import LinuxSystem
import Millrace

@testable import Watching

/// A workspace of two names, each of which may be a directory with one name in it, and of two files with
/// as many names as they like.
struct SmallWorld {
    enum Thing: Hashable { case nothing, file(Int), link, directory }

    /// What happened to a file since it was journaled.
    enum Edit: CaseIterable {
        case none
        /// Moved by its own name, or linked: its ctime is another.
        case marked
        /// Other bytes, and its size and mtime restored.
        case disguised
        case touched
        case written

        var isVersion: Bool { self == .disguised || self == .written }
        var keepsModified: Bool { self != .touched && self != .written }
    }

    static let names = ["x", "x/y", "d", "d/y"]
    /// By name, in the order of `names`.
    var things: [Thing]
    var edits: [Edit] = [.none, .none]
    /// Both files hold the same bytes.
    var areTwins = false

    static let all: [[Thing]] = {
        let files: [Thing] = [.nothing, .file(0), .file(1), .link]
        let folders: [[Thing]] =
            files.map { [$0, .nothing] } + files.map { [.directory, $0] }
        return folders.flatMap { x in folders.map { d in x + d } }
    }()

    static func index(of path: [UInt8]) -> Int? { names.firstIndex { $0.utf8.elementsEqual(path) } }

    func thing(at path: [UInt8]) -> Thing {
        SmallWorld.index(of: path).map { things[$0] } ?? .nothing
    }

    /// The names in a directory, from the root on.
    func names(in directory: [UInt8]) -> [[UInt8]] {
        SmallWorld.names.indices.filter { things[$0] != .nothing }
            .map { Array(SmallWorld.names[$0].utf8) }
            .filter { $0.dropLast(directory.isEmpty ? 1 : 2).elementsEqual(directory) }
    }

    func status(at path: [UInt8]) -> FileStatus? {
        guard let index = SmallWorld.index(of: path) else { return nil }
        var status = stat()
        status.st_nlink = 1
        switch things[index] {
        case .nothing: return nil
        case .directory:
            status.st_mode = S_IFDIR | 0o755
            status.st_ino = 20 + ino_t(index)
        case .link:
            status.st_mode = S_IFLNK | 0o777
            status.st_ino = 10 + ino_t(index)
        case .file(let number):
            status.st_mode = S_IFREG | 0o644
            status.st_ino = 1 + ino_t(number)
            status.st_nlink = nlink_t(things.filter { $0 == things[index] }.count)
            status.st_size = 5
            status.st_mtim.tv_sec = edits[number].keepsModified ? 1 : 2
            status.st_ctim.tv_sec = edits[number] == .none ? 1 : 2
        }
        return FileStatus(status)
    }

    func version(at path: [UInt8]) -> FileVersion? {
        guard let status = status(at: path), status.kind != .directory else { return nil }
        guard case .file(let number) = thing(at: path) else {
            return FileVersion(status, digest: nil)
        }
        let bytes = UInt64(edits[number].isVersion ? 10 + number : areTwins ? 0 : number)
        return FileVersion(status, digest: Digest(words: (bytes, 0, 0, 0)))
    }

    /// What a journal has of it.
    var known: KnownFiles {
        var known = KnownFiles()
        for name in SmallWorld.names {
            let bytes = Array(name.utf8)
            if let path = WorkspacePath(bytes: bytes), let version = version(at: bytes) {
                known[path] = version
            }
        }
        return known
    }
}

/// Looks at a small world as the watcher does, and asks the same decisions.
struct Reconciliation {
    var tree: FileTree
    let truth: SmallWorld
    /// Names are looked at in the order in which they were found, or the other way round.
    var isReversed = false
    /// Listings tell only the names.
    var isBlind = false
    private var names: [FileTree.NodeID] = []
    private var missing: [FileTree.NodeID] = []
    private(set) var reports: [WatchReport] = []

    init(_ known: FileTree, _ truth: SmallWorld) {
        tree = known
        self.truth = truth
    }

    mutating func run() {
        scan(FileTree.root)
        while !names.isEmpty {
            let id = isReversed ? names.removeLast() : names.removeFirst()
            tree.unpin(id, .cold)
            if tree[id].kind != .free { look(id) }
        }
        for id in missing.reversed() {
            let outcome = tree.outcome(ofMissing: id)
            tree.unpin(id, .vanished)
            guard case .goes(let wasVersion) = outcome else { continue }
            if wasVersion { reportRemoval(id) }
            tree.free(id)
        }
        missing = []
    }

    private mutating func queue(_ id: FileTree.NodeID) {
        guard !tree[id].flags.contains(.cold) else { return }
        tree[id].flags.insert(.cold)
        names.append(id)
    }

    private mutating func scan(_ id: FileTree.NodeID) {
        let children = tree.children(of: id)
        var seen: Set<FileTree.NodeID> = []
        for path in truth.names(in: tree.path(of: id)) {
            let child = [path.last ?? 0].withUnsafeBytes { name in
                tree.find(name, in: id) ?? tree.insert(name, in: id, .candidate)
            }
            seen.insert(child)
            let status = isBlind ? nil : truth.status(at: path)
            switch tree.compare(child, with: status, isDeep: true) {
            case .asKnown: break
            case .look: queue(child)
            case .scan: scan(child)
            }
        }
        for child in children where !seen.contains(child) { queue(child) }
    }

    private mutating func look(_ id: FileTree.NodeID) {
        let path = tree.path(of: id)
        guard let status = truth.status(at: path) else {
            vanish(id)
            return
        }
        tree[id].flags.remove(.vanished)
        if status.kind == .directory {
            if tree[id].kind == .file || tree[id].kind == .refused { reportRemoval(id) }
            tree.set(FileVersion(status, digest: nil), of: id, .directory)
            scan(id)
            return
        }
        if tree[id].kind == .directory {
            tree[id].kind = .candidate
            for child in tree.children(of: id) { vanish(child) }
        }
        guard let version = truth.version(at: path), let name = WorkspacePath(bytes: path),
            !tree.isKnown(id, status)
        else { return }
        if status.kind == .symbolicLink {
            guard tree.refuse(version, at: id) else { return }
            reports.append(
                .refused(FileRefusal(path: name, reason: .symbolicLink, version: version)))
            return
        }
        let source = tree.moveSource(of: id, status) { other in
            truth.status(at: tree.path(of: other))?.inode == status.inode
        }
        guard let kind = tree.settle(version, at: id, from: source) else { return }
        if case .moved = kind, let source { queue(source) }
        reports.append(.change(FileChange(path: name, kind: kind, version: version)))
    }

    private mutating func vanish(_ id: FileTree.NodeID) {
        let gone = tree.missing(at: id)
        if gone.isEmpty { tree.free(id) }
        for next in gone where !tree[next].flags.contains(.vanished) {
            tree[next].flags.insert(.vanished)
            missing.append(next)
        }
    }

    private mutating func reportRemoval(_ id: FileTree.NodeID) {
        guard let path = WorkspacePath(bytes: tree.path(of: id)) else { return }
        reports.append(
            .change(FileChange(path: path, kind: .removed, version: tree.version(of: id))))
    }
}
