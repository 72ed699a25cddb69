import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// Files that are elsewhere or later what they were before.
    @Suite struct SameBytesTests {
        @Test func `what is only touched causes nothing`() async throws {
            try await Workspace.use { mill in
                let file = mill.root.appending("data/a/x.csv")
                try mill.start()
                try mill.drop("x\n1\n", at: "data/a/x.csv")
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                _ = file.withCString { chmod($0, 0o600) }
                try mill.wait(for: FileArrived.self) { $0.change == .touched }
                try mill.kill()
                _ = file.withCString { utimensat(AT_FDCWD, $0, nil, 0) }
                try mill.start()
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                try mill.kill()
                try mill.start()
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                let arrived = try mill.facts(FileArrived.self).map(\.payload)
                    .filter { $0.area.kind == .dataset }
                #expect(arrived.map(\.change) == [.added, .touched, .touched])
                #expect(try mill.facts(DataAccepted.self).count == 1)
                #expect(try mill.facts(DatasetVersionCreated.self).count == 1)
                let lines = try mill.run(["drops", "--tsv"]).out.split(separator: "\n")
                #expect(lines.count { $0.hasPrefix("data/a/x.csv\t") } == 1)
            }
        }

        @Test func `a move into another dataset names both, also after a restart`() async throws {
            try await Workspace.use { mill in
                try Files.makeDirectories(mill.root.appending("data/b"))
                try mill.start()
                for name in ["one", "two"] {
                    try mill.drop("x\n\(name)\n", at: "data/a/\(name).csv")
                }
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                func move(_ name: String) throws {
                    let from = mill.root.appending("data/a/\(name).csv")
                    try Files.rename(from, mill.root.appending("data/b/\(name).csv"))
                }
                try move("one")
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                try mill.kill()
                try move("two")
                try mill.start()
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                let moved = try mill.facts(FileArrived.self).map(\.payload)
                    .filter { $0.change == .moved }
                #expect(moved.map(\.path.description) == ["data/b/one.csv", "data/b/two.csv"])
                #expect(
                    moved.map { $0.previousPath?.description }
                        == ["data/a/one.csv", "data/a/two.csv"])
                let removed = try mill.facts(FileRemoved.self).map(\.payload)
                    .filter { $0.area.kind == .dataset }.map(\.path.description)
                #expect(removed == ["data/a/one.csv", "data/a/two.csv"])
                let rows = try mill.facts(DatasetVersionCreated.self).map(\.payload)
                    .filter { $0.dataset == "b" }.map(\.rows)
                #expect(rows == [1, 2])
            }
        }
    }
}
