import Millrace
import Testing

@testable import Watching

@Suite struct FileTreeTests {
    /// A tree beside a dictionary that must say the same.
    private struct Pair {
        var tree = FileTree()
        var model: [[UInt8]: (id: UInt32, inode: UInt64)] = [:]

        mutating func insert(_ path: [UInt8], inode: UInt64) {
            guard model[path] == nil else { return }
            let slash = path.lastIndex(of: UInt8(ascii: "/"))
            let parent: UInt32
            if let slash {
                guard let above = model[Array(path[..<slash])] else { return }
                parent = above.id
            } else {
                parent = FileTree.root
            }
            let name = Array(path[(slash.map { $0 + 1 } ?? 0)...])
            let id = name.withUnsafeBytes { tree.insert($0, in: parent, .candidate) }
            var version = tree.version(of: id)
            version.inode = inode
            tree.set(version, of: id, .file)
            model[path] = (id, inode)
        }

        mutating func free(_ path: [UInt8]) {
            guard let entry = model[path], tree[entry.id].firstChild == FileTree.none else {
                return
            }
            tree.free(entry.id)
            model[path] = nil
        }

        func check() {
            for (path, entry) in model {
                #expect(tree.path(of: entry.id) == path)
                #expect(tree.nodes(ofInode: entry.inode).contains(entry.id))
                let parent = tree[entry.id].parent
                let name = tree.withName(of: entry.id) { Array($0) }
                #expect(name.withUnsafeBytes { tree.find($0, in: parent) } == entry.id)
                #expect(tree.children(of: parent).contains(entry.id))
            }
            let living = tree.nodes.filter { $0.kind != .free }.count
            #expect(living == model.count + 1)
        }
    }

    @Test func `every short history of two directories gives the tree of a dictionary`() {
        let paths = ["a", "b", "a/a", "a/b", "b/a"].map { Array($0.utf8) }
        let steps = paths.count * 2
        // All histories of five steps: insert or free one of five paths; two share an inode.
        for history in 0..<(steps * steps * steps * steps * steps) {
            var pair = Pair()
            var rest = history
            for _ in 0..<5 {
                let step = rest % steps
                rest /= steps
                let index = step / 2
                if step % 2 == 0 {
                    pair.insert(paths[index], inode: UInt64(index % 4 + 1))
                } else {
                    pair.free(paths[index])
                }
            }
            // Each history is the prefix of others: the end is enough. A sample keeps it short.
            if history % 7 == 0 { pair.check() }
        }
    }

    @Test func `a thousand names come and go and the rest are still found`() {
        var pair = Pair()
        var random = Generator(seed: 7)
        for _ in 0..<6000 {
            let name = "file-\(random.next() % 1000)-\(String(repeating: "x", count: 40))"
            let path = Array(name.utf8)
            if pair.model[path] == nil {
                pair.insert(path, inode: random.next() % 500 + 1)
            } else {
                pair.free(path)
            }
        }
        pair.check()
    }

    @Test func `a node that somebody holds is not given out again`() {
        var tree = FileTree()
        let name: [UInt8] = [1]
        let first = name.withUnsafeBytes { tree.insert($0, in: FileTree.root, .candidate) }
        tree[first].flags.insert(.hot)
        tree.free(first)
        let second = name.withUnsafeBytes { tree.insert($0, in: FileTree.root, .candidate) }
        #expect(second != first)
        tree.unpin(first, .hot)
        tree.free(second)
        let reused = (0..<2).map { index in
            [UInt8(index)].withUnsafeBytes { tree.insert($0, in: FileTree.root, .candidate) }
        }
        #expect(Set(reused) == [first, second])
    }

    @Test func `an index with colliding hashes finds what is in it and nothing else`() {
        // Five members with hashes in a table of 64 places, all at its end: probing wraps around.
        for order in 0..<120 {
            var index = NodeIndex()
            let hashes: [UInt32: Int] = [0: 63, 1: 63, 2: 62, 3: 0, 4: 63]
            for id in UInt32(0)..<5 { index.insert(id, hash: hashes[id] ?? 0) }
            var left = Array(UInt32(0)..<5)
            var code = order
            while !left.isEmpty {
                let id = left.remove(at: code % left.count)
                code /= left.count + 1
                index.remove(id, hash: hashes[id] ?? 0)
                for other in UInt32(0)..<5 {
                    let found = index.first(hash: hashes[other] ?? 0) { $0 == other }
                    #expect((found != nil) == left.contains(other))
                }
            }
            #expect(index.count == 0)
        }
    }
}

/// Numbers that are the same in every run: SplitMix64.
struct Generator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
