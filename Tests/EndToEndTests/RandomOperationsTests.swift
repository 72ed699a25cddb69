import Checksums
import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// Random trees, random operations on them, and the daemon killed at random moments: in the end the
    /// fold of the journal is the tree.
    @Suite struct RandomOperationsTests {
        private static let names = ["f.csv", "g.csv", "h.csv", "i.csv"]
        private static let folders = ["", "a/", "b/", "a/c/", "b/c/"]

        @Test(arguments: [1, 2, 3] as [UInt64])
        func `the fold of the journal is the tree`(seed: UInt64) async throws {
            print("the random operations' seed is \(seed)")
            try await Workspace.use { mill in
                var random = Seeded(seed: seed)
                var number = 0
                try Files.makeDirectories(mill.root.appending("data/set"))
                for _ in 0..<5 {
                    mill.daemon = try mill.spawn([], environment: Workspace.shellEnvironment)
                    for _ in 0..<Int.random(in: 10...60, using: &random) {
                        number += 1
                        try Self.step(mill, number, &random)
                        if random.next() % 4 == 0 { letPass(0...20_000, &random) }
                    }
                    try mill.kill()
                    for _ in 0..<Int.random(in: 0...15, using: &random) {
                        number += 1
                        try Self.step(mill, number, &random)
                    }
                }
                try mill.start()
                try #require(try mill.run(["sync"]).code == 0)
                #expect(try Self.fold(mill) == Self.tree(mill), "seed \(seed)")
                let last = try mill.mark
                // What is known is not said again.
                try #require(try mill.stop() == .exited(0))
                try mill.start()
                try #require(try mill.run(["sync"]).code == 0)
                let again = try mill.events.filter {
                    $0.sequence > last && $0.subject.kind == "dataset"
                        && [FileArrived.type, FileRemoved.type].contains($0.type)
                }
                #expect(again.map(\.type) == [])
            }
        }

        /// One operation, which may fail as any program's may.
        private static func step(
            _ mill: Workspace, _ number: Int, _ random: inout Seeded
        ) throws {
            func folder() -> String { folders.randomElement(using: &random) ?? "" }
            func file() -> FilePath {
                mill.root.appending(
                    "data/set/\(folder())\(names.randomElement(using: &random) ?? "f")")
            }
            func directory() -> FilePath {
                let name = ["a", "b", "a/c", "b/c"].randomElement(using: &random) ?? "a"
                return mill.root.appending("data/set/\(name)")
            }
            let text = "x\n\(number)\n" + String(repeating: "7\n", count: Int(random.next() % 200))
            switch random.next() % 10 {
            case 0, 1, 2:
                let target = file()
                try? Files.makeDirectories(target.parent)
                try? mill.write(Array(text.utf8), to: target)
            case 3:
                let target = file()
                let temporary = mill.root.appending("data/set/.new")
                try mill.write(Array(text.utf8), to: temporary)
                try? Files.rename(temporary, target)
            case 4: try? Files.unlink(file())
            case 5: try? Files.rename(file(), file())
            case 6: try? Files.rename(directory(), directory())
            case 7: try? Files.removeFolder(directory())
            case 8: _ = file().withCString { utimensat(AT_FDCWD, $0, nil, 0) }
            default: _ = file().withCString { truncate($0, off_t(number % 7)) }
            }
        }

        private static func fold(_ mill: Workspace) throws -> [String: String] {
            var files: [String: String] = [:]
            for event in try mill.events where event.subject.kind == "dataset" {
                if let arrived = event.payload(as: FileArrived.self) {
                    if let previous = arrived.previousPath { files["\(previous)"] = nil }
                    files["\(arrived.path)"] = arrived.sha256.hex
                } else if let removed = event.payload(as: FileRemoved.self) {
                    files["\(removed.path)"] = nil
                }
            }
            return files
        }

        private static func tree(_ mill: Workspace) throws -> [String: String] {
            var files: [String: String] = [:]
            var waiting = ["data/set"]
            while let folder = waiting.popLast() {
                for name in try Files.names(in: mill.root.appending(folder))
                where !name.string.hasPrefix(".") {
                    let path = "\(folder)/\(name.string)"
                    if try FileStatus.of(mill.root.appending(path))?.kind == .directory {
                        waiting.append(path)
                    } else {
                        files[path] = Digest(words: SHA256.hash(try mill.read(path)).words).hex
                    }
                }
            }
            return files
        }
    }
}
