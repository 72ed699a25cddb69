import Glibc
import LinuxSystem
import Millrace
import Testing
import Watching

/// Random trees, random operations, and a watcher that is ended at random moments: in the end the fold
/// of its reports must be the tree, and no report may repeat or contradict what is known.
@Suite struct RandomHistoryTests {
    private static let files = ["f", "g", "h", "i"]
    private static let folders = ["", "a/", "b/", "a/c/", "b/c/"]

    private struct History {
        let folder: WatchedFolder
        var random: Generator
        var count = 0

        mutating func name() -> String {
            (folders.randomElement(using: &random) ?? "")
                + (files.randomElement(using: &random) ?? "f")
        }

        mutating func directory() -> String {
            ["a", "b", "a/c", "b/c"].randomElement(using: &random) ?? "a"
        }

        /// One operation, which may fail as any program's may.
        mutating func step() throws {
            count += 1
            let text = "\(count) " + String(repeating: "x", count: Int(random.next() % 300))
            switch random.next() % 13 {
            case 0, 1, 2: try? folder.write(name(), text)
            case 3:
                let target = name()
                try folder.write(".temporary", text)
                try? Files.rename(folder.path(".temporary"), folder.path(target))
            case 4: try? Files.unlink(folder.path(name()))
            case 5: try? Files.rename(folder.path(name()), folder.path(name()))
            case 6: try? Files.rename(folder.path(directory()), folder.path(directory()))
            case 7: removeTree(folder.path(directory()))
            case 8:
                let (old, new) = (folder.path(name()), folder.path(name()))
                _ = old.withCString { from in new.withCString { link(from, $0) } }
            case 9: _ = folder.path(name()).withCString { truncate($0, Int(count % 7)) }
            case 10: _ = folder.path(name()).withCString { utimensat(AT_FDCWD, $0, nil, 0) }
            case 11:
                _ = folder.path(name()).withCString { chmod($0, count % 2 == 0 ? 0o600 : 0o666) }
            default: _ = folder.path(name()).withCString { symlink("elsewhere", $0) }
            }
        }
    }

    @Test(arguments: 1...24) func `the fold is the tree`(seed: UInt64) async throws {
        let folder = try WatchedFolder()
        var history = History(folder: folder, random: Generator(seed: seed))
        for _ in 0..<20 { try history.step() }
        try folder.start()
        for _ in 0..<4 {
            for _ in 0..<(20 + history.random.next() % 60) { try history.step() }
            switch history.random.next() % 3 {
            case 0: await folder.barrier()
            case 1: await folder.stop()
            default: await folder.kill()
            }
            for _ in 0..<(history.random.next() % 20) { try history.step() }
            if !folder.isRunning { try folder.start() }
        }
        await folder.barrier()
        try compare(folder, seed)
        await folder.stop()
        #expect(folder.contradictions == [])
        // And once more from the fold alone: nothing is left to say.
        _ = folder.takeLines()
        try folder.start()
        await folder.barrier()
        #expect(folder.takeLines() == [])
        await folder.stop()
    }

    private func compare(_ folder: WatchedFolder, _ seed: UInt64) throws {
        var expected: [String: String] = [:]
        try Self.walk(folder.root, "", &expected)
        var found: [String: String] = [:]
        folder.known.forEach { path, version in
            found[path.description] = version.digest?.hex ?? "refused"
        }
        #expect(found == expected, "seed \(seed)")
    }

    private static func walk(
        _ directory: FilePath, _ prefix: String, _ found: inout [String: String]
    ) throws {
        for name in try Files.names(in: directory) where !name.string.hasPrefix(".") {
            let path = directory.appending(name)
            switch try FileStatus.of(path)?.kind {
            case .directory: try walk(path, prefix + name.string + "/", &found)
            case .regular:
                let file = try FileDescriptor.open(path, O_RDONLY)
                found[prefix + name.string] = try digest(of: file).hex
            default: found[prefix + name.string] = "refused"
            }
        }
    }
}
