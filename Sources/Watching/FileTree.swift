import Glibc
import Millrace

/// The directories and files of a workspace in 96 bytes each, and their names in one block: a hundred
/// thousand files must not cost more than some ten megabytes.
///
/// A node is named by a number that stays the same until the node is freed. Every node but the root
/// has a parent and a name; nothing here touches the file system.
struct FileTree: Sendable {
    typealias NodeID = UInt32
    static let none = NodeID.max
    static let root: NodeID = 0

    enum Kind: UInt8, Sendable {
        case free
        /// A name that is to be looked at.
        case candidate
        case file
        case refused
        case directory
    }

    /// Why a node cannot be used again although it was freed, and what is under way with it.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        static let hot = Flags(rawValue: 1)
        static let cold = Flags(rawValue: 2)
        static let scan = Flags(rawValue: 4)
        /// Its name led to nothing; removal is reported unless it turns up elsewhere.
        static let vanished = Flags(rawValue: 8)
        static let waiting = Flags(rawValue: 16)
        /// Met by the scan of its directory that is going on.
        static let seen = Flags(rawValue: 32)
        /// Below an input; without it a directory is only on the way to one.
        static let inside = Flags(rawValue: 64)
        /// Its next scan goes on into directories that are watched already.
        static let deep = Flags(rawValue: 128)
        static let pins: Flags = [.hot, .cold, .scan, .vanished, .waiting]
    }

    struct Node: Sendable {
        var inode: UInt64 = 0
        var size: Int64 = 0
        var modified: Int64 = 0
        var changed: Int64 = 0
        var digest: Digest?
        var kind: Kind = .free
        var nameLength: UInt8 = 0
        var flags: Flags = []
        var parent: NodeID = FileTree.none
        var next: NodeID = FileTree.none
        var previous: NodeID = FileTree.none
        var firstChild: NodeID = FileTree.none
        var nameOffset: UInt32 = 0
        /// Index into `owners`.
        var owner: UInt32 = 0
        /// inotify's number; -1 for none.
        var watch: Int32 = -1
    }

    /// What many files have in common, kept once.
    private struct Owner: Hashable, Sendable {
        var device: UInt64
        var user: UInt32
        var group: UInt32
        var mode: UInt32
    }

    private(set) var nodes: [Node] = []
    private var names: [UInt8] = []
    private var wastedNames = 0
    private var freed: [NodeID] = []
    private var owners: [Owner] = []
    private var ownerIndex: [Owner: UInt32] = [:]
    private var byName = NodeIndex()
    private var byInode = NodeIndex()

    init() {
        var root = Node()
        root.kind = .directory
        nodes.append(root)
    }

    subscript(id: NodeID) -> Node {
        _read { yield nodes[Int(id)] }
        _modify { yield &nodes[Int(id)] }
    }

    // MARK: Names

    func withName<R>(of id: NodeID, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let node = nodes[Int(id)]
        let start = Int(node.nameOffset)
        return names.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + Int(node.nameLength))]))
        }
    }

    /// The path from the root, without a slash at its ends; empty for the root.
    func path(of id: NodeID) -> [UInt8] {
        var ids: [NodeID] = []
        var current = id
        while current != FileTree.root, current != FileTree.none {
            ids.append(current)
            current = nodes[Int(current)].parent
        }
        var path: [UInt8] = []
        for id in ids.reversed() {
            if !path.isEmpty { path.append(UInt8(ascii: "/")) }
            withName(of: id) { path.append(contentsOf: $0) }
        }
        return path
    }

    func find(_ name: UnsafeRawBufferPointer, in parent: NodeID) -> NodeID? {
        byName.first(hash: Self.hash(name, parent)) { id in
            nodes[Int(id)].parent == parent && withName(of: id) { Self.isEqual($0, name) }
        }
    }

    private static func isEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count, let first = a.baseAddress, let second = b.baseAddress else {
            return a.count == b.count
        }
        return memcmp(first, second, a.count) == 0
    }

    /// How many directories are above a node; the root has none.
    func depth(of id: NodeID) -> Int {
        var depth = 0
        var current = id
        while current != FileTree.root, current != FileTree.none {
            depth += 1
            current = nodes[Int(current)].parent
        }
        return depth
    }

    // MARK: Nodes

    /// - Parameter name: not longer than 255 bytes, as the kernel allows.
    mutating func insert(
        _ name: UnsafeRawBufferPointer, in parent: NodeID, _ kind: Kind
    ) -> NodeID {
        var node = Node()
        node.kind = kind
        node.parent = parent
        node.nameLength = UInt8(clamping: name.count)
        node.nameOffset = UInt32(clamping: names.count)
        names.append(contentsOf: name.prefix(255))
        node.next = nodes[Int(parent)].firstChild
        let id: NodeID
        if let reused = freed.popLast() {
            id = reused
            nodes[Int(id)] = node
        } else {
            id = NodeID(clamping: nodes.count)
            nodes.append(node)
        }
        if node.next != FileTree.none { nodes[Int(node.next)].previous = id }
        nodes[Int(parent)].firstChild = id
        byName.insert(id, hash: Self.hash(name, parent))
        return id
    }

    /// Takes a node out of the tree; its number is used again once nothing holds it. It must have
    /// no children.
    mutating func free(_ id: NodeID) {
        let node = nodes[Int(id)]
        guard node.kind != .free, id != FileTree.root else { return }
        byName.remove(id, hash: hash(of: id))
        unindexInode(id)
        if node.previous != FileTree.none {
            nodes[Int(node.previous)].next = node.next
        } else if node.parent != FileTree.none {
            nodes[Int(node.parent)].firstChild = node.next
        }
        if node.next != FileTree.none { nodes[Int(node.next)].previous = node.previous }
        wastedNames += Int(node.nameLength)
        nodes[Int(id)].kind = .free
        nodes[Int(id)].digest = nil
        if node.flags.isDisjoint(with: .pins) { freed.append(id) }
        if wastedNames > 1 << 16, wastedNames > names.count / 2 { compactNames() }
    }

    /// Lets go of a node for one reason.
    mutating func unpin(_ id: NodeID, _ flag: Flags) {
        guard nodes[Int(id)].flags.contains(flag) else { return }
        nodes[Int(id)].flags.remove(flag)
        let node = nodes[Int(id)]
        if node.kind == .free, node.flags.isDisjoint(with: .pins) { freed.append(id) }
    }

    /// Keeps what is known about files, and forgets what is under way with them.
    mutating func forgetWork() {
        for index in nodes.indices {
            let isPinned = !nodes[index].flags.isDisjoint(with: .pins)
            if nodes[index].kind == .free, isPinned { freed.append(NodeID(clamping: index)) }
            nodes[index].flags = []
            nodes[index].watch = -1
        }
    }

    func children(of id: NodeID) -> [NodeID] {
        var children: [NodeID] = []
        var child = nodes[Int(id)].firstChild
        while child != FileTree.none {
            children.append(child)
            child = nodes[Int(child)].next
        }
        return children
    }

    // MARK: Versions

    func version(of id: NodeID) -> FileVersion {
        let node = nodes[Int(id)]
        let owner =
            owners.indices.contains(Int(node.owner))
            ? owners[Int(node.owner)] : Owner(device: 0, user: 0, group: 0, mode: 0)
        return FileVersion(
            device: owner.device, inode: node.inode, size: Int(node.size),
            modified: node.modified, changed: node.changed, user: owner.user,
            group: owner.group, mode: owner.mode, digest: node.digest)
    }

    mutating func set(_ version: FileVersion, of id: NodeID, _ kind: Kind) {
        unindexInode(id)
        let owner = Owner(
            device: version.device, user: version.user, group: version.group, mode: version.mode)
        let index =
            ownerIndex[owner]
            ?? {
                let new = UInt32(clamping: owners.count)
                owners.append(owner)
                ownerIndex[owner] = new
                return new
            }()
        nodes[Int(id)].owner = index
        nodes[Int(id)].inode = version.inode
        nodes[Int(id)].size = Int64(version.size)
        nodes[Int(id)].modified = version.modified
        nodes[Int(id)].changed = version.changed
        nodes[Int(id)].digest = version.digest
        nodes[Int(id)].kind = kind
        if version.inode != 0 {
            byInode.insert(id, hash: Self.hash(version.inode))
        }
    }

    /// Nodes of the same inode: hard links, and what has been moved. At most 64, so that a hundred
    /// thousand links to one inode stay cheap.
    func nodes(ofInode inode: UInt64) -> [NodeID] {
        byInode.all(hash: Self.hash(inode), limit: 64) { nodes[Int($0)].inode == inode }
    }

    private mutating func unindexInode(_ id: NodeID) {
        guard nodes[Int(id)].inode != 0 else { return }
        byInode.remove(id, hash: Self.hash(nodes[Int(id)].inode))
        nodes[Int(id)].inode = 0
    }

    private mutating func compactNames() {
        var compact: [UInt8] = []
        compact.reserveCapacity(names.count - wastedNames)
        for index in nodes.indices where nodes[index].kind != .free {
            let start = Int(nodes[index].nameOffset)
            nodes[index].nameOffset = UInt32(clamping: compact.count)
            compact.append(contentsOf: names[start..<(start + Int(nodes[index].nameLength))])
        }
        names = compact
        wastedNames = 0
    }

    // Seeded anew in each process, so that nobody can choose names that collide.
    private static func hash(_ name: UnsafeRawBufferPointer, _ parent: NodeID) -> Int {
        var hasher = Hasher()
        hasher.combine(parent)
        hasher.combine(bytes: name)
        return hasher.finalize()
    }

    private static func hash(_ inode: UInt64) -> Int {
        var hasher = Hasher()
        hasher.combine(inode)
        return hasher.finalize()
    }

    private func hash(of id: NodeID) -> Int {
        withName(of: id) { Self.hash($0, nodes[Int(id)].parent) }
    }
}
