import LinuxSystem
import Millrace
import Testing

@testable import Watching

@Suite struct RulesTests {
    @Test func `patterns match as their definition says`() {
        func matches(_ pattern: Substring, _ name: Substring) -> Bool {
            guard let first = pattern.first else { return name.isEmpty }
            if first == "*" {
                return matches(pattern.dropFirst(), name)
                    || (!name.isEmpty && matches(pattern, name.dropFirst()))
            }
            guard let letter = name.first, first == "?" || first == letter else { return false }
            return matches(pattern.dropFirst(), name.dropFirst())
        }
        func all(_ letters: [String], _ length: Int) -> [String] {
            length == 0
                ? [""]
                : all(letters, length - 1).flatMap { word in [word] + letters.map { word + $0 } }
        }
        let patterns = Set(all(["a", "*", "?"], 4))
        let names = Set(all(["a", "b"], 4))
        for pattern in patterns {
            for name in names {
                let got = Array(name.utf8).withUnsafeBytes { NamePattern(pattern).matches($0) }
                #expect(got == matches(Substring(pattern), Substring(name)), "\(pattern) \(name)")
            }
        }
    }

    @Test(arguments: [
        ".data.csv.Xy12ab", ".hidden", "data.csv.part", "data.csv~", ".data.csv.swp", "#data#",
        "4913", "contract.proposed.json", "big.csv.filepart", "x.tmp",
    ])
    func `temporary names of known tools are no inputs`(name: String) {
        let rules = inputRules(
            inputs: [.everything], ignored: WatchConfiguration.usualTemporaryNames)
        #expect(Array(name.utf8).withUnsafeBytes { rules.isIgnored($0, in: { [] }) })
    }

    @Test(arguments: ["data.csv", "part-00001", "a.partial.csv", "tmp", "proposed.json", "~a"])
    func `names that only resemble them are inputs`(name: String) {
        let rules = inputRules(
            inputs: [.everything], ignored: WatchConfiguration.usualTemporaryNames)
        #expect(!Array(name.utf8).withUnsafeBytes { rules.isIgnored($0, in: { [] }) })
    }

    @Test func `only inputs and the way to them are admitted`() throws {
        let tree = try #require(WorkspacePath(escaped: "a/b"))
        let file = try #require(WorkspacePath(escaped: "millrace.json"))
        let rules = inputRules(inputs: [.tree(tree), .file(file)], ignored: [])
        #expect(rules.admission(of: Array("a".utf8)) == .passage)
        #expect(rules.admission(of: Array("a/b".utf8)) == .inside)
        #expect(rules.admission(of: Array("a/c".utf8)) == .no)
        #expect(rules.admission(of: Array("millrace.json".utf8)) == .insideFile)
        #expect(rules.admission(of: Array("reports".utf8)) == .no)
    }

    private func version(_ inode: UInt64) -> FileVersion {
        FileVersion(
            device: 1, inode: inode, size: 5, modified: 6, changed: 7, user: 8, group: 9,
            mode: 0o644, digest: Digest(words: (inode, 0, 0, 0)))
    }

    @Test func `the fold of reports is what is known`() throws {
        let a = try #require(WorkspacePath(escaped: "d/a"))
        let b = try #require(WorkspacePath(escaped: "d/e/b"))
        var known = KnownFiles()
        known.apply(.change(FileChange(path: a, kind: .added, version: version(1))))
        #expect(known[a] == version(1))
        #expect(known.count == 1)
        known.apply(.change(FileChange(path: b, kind: .moved(from: a), version: version(2))))
        #expect(known[a] == nil)
        #expect(known[b] == version(2))
        var refused = version(3)
        refused.digest = nil
        known.apply(.refused(FileRefusal(path: a, reason: .symbolicLink, version: refused)))
        #expect(known[a]?.digest == nil)
        #expect(known.count == 2)
        known.apply(.change(FileChange(path: b, kind: .removed, version: version(2))))
        known.apply(.change(FileChange(path: a, kind: .removed, version: refused)))
        #expect(known.count == 0)
        #expect(known.tree.nodes.filter { $0.kind != .free }.count == 1)
    }

    @Test func `a file that becomes a directory, and back, leaves nothing behind`() throws {
        let short = try #require(WorkspacePath(escaped: "x"))
        let long = try #require(WorkspacePath(escaped: "x/y"))
        var known: KnownFiles = [short: version(1)]
        known[long] = version(2)
        #expect(known[short] == nil)
        #expect(known.count == 1)
        known[short] = version(3)
        #expect(known[long] == nil)
        #expect(known.count == 1)
    }

    @Test func `a hundred thousand files take less than ten megabytes of nodes`() {
        #expect(MemoryLayout<FileTree.Node>.stride <= 96)
    }
}

private func inputRules(inputs: [WatchConfiguration.Input], ignored: [String]) -> InputRules {
    InputRules(WatchConfiguration(root: FilePath("/"), inputs: inputs, ignored: ignored))
}
