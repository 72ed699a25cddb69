public import Millrace

/// The versions that were journaled last, by path: the fold of the watcher's reports.
///
///     var known = KnownFiles()
///     for report in journaled { known.apply(report) }
///     let watcher = Watcher(configuration, known: known) { … }
public struct KnownFiles: Sendable, ExpressibleByDictionaryLiteral {
    var tree = FileTree()
    public private(set) var count = 0
    /// The directory of the last file: journals name the files of a directory one after the other.
    private var lastDirectory: (path: [UInt8], id: FileTree.NodeID)?

    public init() {}

    public init(_ versions: some Sequence<(WorkspacePath, FileVersion)>) {
        for (path, version) in versions { self[path] = version }
    }

    public init(dictionaryLiteral elements: (WorkspacePath, FileVersion)...) {
        self.init(elements)
    }

    public subscript(path: WorkspacePath) -> FileVersion? {
        get {
            guard let id = find(path), Self.isVersion(tree[id].kind) else { return nil }
            return tree.version(of: id)
        }
        set {
            if let newValue { set(path, newValue) } else { remove(path) }
        }
    }

    /// Takes what a report says into account; reports that are not about a file change nothing.
    public mutating func apply(_ report: WatchReport) {
        switch report {
        case .change(let change):
            switch change.kind {
            case .added, .changed, .touched: set(change.path, change.version)
            case .removed: remove(change.path)
            case .moved(let old):
                remove(old)
                set(change.path, change.version)
            }
        case .refused(let refusal):
            if case .notStored = refusal.reason { return }
            set(refusal.path, refusal.version)
        case .recognised(let path, let version): set(path, version)
        case .degraded, .recovered, .overflowed, .ready: break
        }
    }

    /// Calls `body` with every path and version, in no order.
    public func forEach(_ body: (WorkspacePath, FileVersion) -> Void) {
        for index in tree.nodes.indices where Self.isVersion(tree.nodes[index].kind) {
            let id = FileTree.NodeID(clamping: index)
            if let path = WorkspacePath(bytes: tree.path(of: id)) {
                body(path, tree.version(of: id))
            }
        }
    }

    private static func isVersion(_ kind: FileTree.Kind) -> Bool {
        kind == .file || kind == .refused
    }

    private func find(_ path: WorkspacePath) -> FileTree.NodeID? {
        path.bytes.withUnsafeBytes { bytes in
            var id = FileTree.root
            for name in bytes.split(separator: UInt8(ascii: "/")) {
                guard let child = tree.find(UnsafeRawBufferPointer(rebasing: name), in: id)
                else { return nil }
                id = child
            }
            return id
        }
    }

    private mutating func set(_ path: WorkspacePath, _ version: FileVersion) {
        // A name that no file system takes cannot come from a report.
        let isPossible = path.bytes.split(separator: UInt8(ascii: "/")).allSatisfy {
            $0.count <= 255
        }
        guard isPossible else { return }
        let id = path.bytes.withUnsafeBytes { bytes in
            let cut = bytes.lastIndex(of: UInt8(ascii: "/"))
            let parent = directory(UnsafeRawBufferPointer(rebasing: bytes[..<(cut ?? 0)]))
            let name = UnsafeRawBufferPointer(rebasing: bytes[(cut.map { $0 + 1 } ?? 0)...])
            return tree.find(name, in: parent) ?? tree.insert(name, in: parent, .directory)
        }
        removeChildren(of: id)
        if !Self.isVersion(tree[id].kind) { count += 1 }
        if lastDirectory?.id == id { lastDirectory = nil }
        tree.set(version, of: id, version.digest == nil ? .refused : .file)
    }

    private mutating func directory(_ path: UnsafeRawBufferPointer) -> FileTree.NodeID {
        if let last = lastDirectory, last.path.elementsEqual(path) { return last.id }
        var id = FileTree.root
        for name in path.split(separator: UInt8(ascii: "/")) {
            let name = UnsafeRawBufferPointer(rebasing: name)
            id = tree.find(name, in: id) ?? tree.insert(name, in: id, .directory)
            // What was a file and is a directory now has lost its version.
            if Self.isVersion(tree[id].kind) { forget(id) }
        }
        lastDirectory = (Array(path), id)
        return id
    }

    /// A file becomes a directory on the way to another.
    private mutating func forget(_ id: FileTree.NodeID) {
        count -= 1
        var nothing = tree.version(of: id)
        nothing.inode = 0
        nothing.digest = nil
        tree.set(nothing, of: id, .directory)
    }

    private mutating func remove(_ path: WorkspacePath) {
        guard var id = find(path), Self.isVersion(tree[id].kind) else { return }
        count -= 1
        lastDirectory = nil
        while id != FileTree.root, tree[id].firstChild == FileTree.none {
            let parent = tree[id].parent
            tree.free(id)
            id = parent
            if Self.isVersion(tree[id].kind) { break }
        }
    }

    private mutating func removeChildren(of id: FileTree.NodeID) {
        if tree[id].firstChild != FileTree.none { lastDirectory = nil }
        for child in tree.children(of: id) {
            removeChildren(of: child)
            if Self.isVersion(tree[child].kind) { count -= 1 }
            tree.free(child)
        }
    }
}
