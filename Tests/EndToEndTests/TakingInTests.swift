import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// What the daemon takes in, and how one can wait for it.
    @Suite struct TakingInTests {
        @Test func `sync returns when everything that lay complete is journaled`() async throws {
            try await Workspace.use { mill in
                try mill.start()
                let open = mill.root.appending("data/a/open.csv")
                try Files.makeDirectories(open.parent)
                let writer = try FileDescriptor.open(open, O_WRONLY | O_CREAT, mode: 0o644)
                try writer.writeAll(Array("x\n1\n".utf8))
                for round in 0..<5 {
                    var paths: [String] = []
                    for index in 0..<40 {
                        let path = "data/a/\(round)/b\(index % 7)/c/d\(index % 3)/\(index).csv"
                        try Files.makeDirectories(mill.root.appending(path).parent)
                        try mill.write(
                            Array("x\n\(round)\(index)\n".utf8), to: mill.root.appending(path))
                        paths.append(path)
                    }
                    try #require(try mill.run(["sync"]).code == 0)
                    let journaled = Set(
                        try mill.facts(FileArrived.self).map(\.payload.path.description))
                    #expect(journaled.isSuperset(of: paths))
                    #expect(!journaled.contains("data/a/open.csv"), "half a file is taken in")
                }
                try writer.close()
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                #expect(try mill.facts(DataAccepted.self).count == 201)
            }
        }

        @Test func `sync waits for a daemon that was started in the line before`() async throws {
            try await Workspace.use { mill in
                try mill.drop("x,y\n1,2\n", at: "data/a/one.csv")
                let child = try mill.spawn([], environment: Workspace.shellEnvironment)
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                #expect(try mill.facts(DataAccepted.self).count == 1)
                Glibc.kill(child.pid, SIGTERM)
                #expect(try Workspace.ending(of: child) == .exited(0))
            }
        }

        @Test func `a set is one drop`() async throws {
            try await Workspace.use { mill in
                let settings = """
                    { datasets: { parts: { set: { marker: "_SUCCESS" } } } }
                    """
                try mill.write(Array(settings.utf8), to: mill.layout.settings)
                try mill.start()
                for name in ["a", "b", "c"] {
                    try mill.drop("x,y\n\(name),1\n", at: "data/parts/day/\(name).csv")
                }
                try #require(try mill.run(["sync"]).code == 0)
                #expect(
                    try mill.facts(FileArrived.self).allSatisfy { $0.payload.area.kind != .dataset }
                )
                try mill.drop("", at: "data/parts/day/_SUCCESS")
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                let sets = try mill.facts(FileArrived.self).compactMap(\.payload.set)
                #expect(sets.map(\.number) == [1, 2, 3])
                #expect(sets.allSatisfy { $0.count == 3 })
                let versions = try mill.facts(DatasetVersionCreated.self)
                #expect(versions.map(\.payload.rows) == [3])
            }
        }

        @Test func `hostile names and things are taken in or refused, and nothing escapes`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.start()
                let folder = mill.root.appending("data/odd")
                try Files.makeDirectories(folder)
                let long = String(repeating: "n", count: 251) + ".csv"
                var expected = Set(["data/odd/\(long)", "data/odd/%FF%FE.csv"])
                try mill.write(Array("x\n1\n".utf8), to: folder.appending(long))
                try mill.write(
                    Array("x\n2\n".utf8),
                    to: folder.appending(FilePath(bytes: [0xFF, 0xFE] + Array(".csv".utf8))))
                _ = folder.appending("pipe.csv").withCString { mkfifo($0, 0o644) }
                _ = folder.appending("out.csv").withCString { symlink("/etc/passwd", $0) }
                _ = folder.appending("up").withCString { symlink("../../..", $0) }
                _ = folder.appending("loop").withCString { symlink("loop", $0) }
                let socket = try NotifySocket(folder.appending("socket.csv"))
                defer { _ = socket.path }
                var things = ["pipe.csv", "out.csv", "up", "loop", "socket.csv", "sparse.csv"]
                for (name, kind) in [("tty.csv", S_IFCHR), ("disk.csv", S_IFBLK)] {
                    let made = folder.appending(name).withCString { mknod($0, kind | 0o644, 0x103) }
                    if made == 0 { things.append(name) }
                }
                let sparse = try FileDescriptor.open(
                    folder.appending("sparse.csv"), O_WRONLY | O_CREAT, mode: 0o644)
                try sparse.truncate(to: 1 << 40)
                try sparse.close()
                expected.formUnion(try Self.deep(folder))
                try #require(try mill.run(["sync"]).code == 0)
                let arrived = try mill.facts(FileArrived.self).map(\.payload)
                    .filter { $0.area.kind == .dataset }
                #expect(Set(arrived.map { Self.escaped($0.path) }) == expected)
                let refused = try mill.facts(FileRefused.self).map(\.payload.path.name)
                #expect(Set(refused) == Set(things))
                let drops = try mill.run(["drops", "--tsv"])
                #expect(drops.code == 0)
                for path in expected { #expect(drops.out.contains("\(path)\t")) }
                #expect(mill.isRunning)
            }
        }

        /// A path of more than PATH_MAX bytes, made step by step.
        private static func deep(_ folder: FilePath) throws -> [String] {
            let name = String(repeating: "d", count: 200)
            var path = "data/odd"
            var directory = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
            for _ in 0..<25 {
                try systemCall("mkdirat") { mkdirat(directory.raw, name, 0o755) }
                directory = try directory.open(
                    at: FilePath(name), O_RDONLY | O_DIRECTORY)
                path += "/\(name)"
            }
            let file = try directory.open(
                at: FilePath("deep.csv"), O_WRONLY | O_CREAT, mode: 0o644)
            try file.writeAll(Array("x\n3\n".utf8))
            try file.close()
            return ["\(path)/deep.csv"]
        }

        /// As `drops --tsv` prints it.
        private static func escaped(_ path: WorkspacePath) -> String {
            path.bytes.map { byte in
                (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "%")
                    ? String(UnicodeScalar(byte)) : "%" + hex(byte >> 4) + hex(byte & 15)
            }.joined()
        }

        private static func hex(_ digit: UInt8) -> String {
            String(digit, radix: 16, uppercase: true)
        }

        @Test func `a data folder that goes and comes back is watched again`() async throws {
            try await Workspace.use { mill in
                try mill.start()
                for round in 0..<4 {
                    try mill.drop("x\n\(round)\n", at: "data/a/\(round).csv")
                    try #require(try mill.run(["sync"]).code == 0)
                    try Files.removeFolder(mill.root.appending("data"))
                    try Files.makeDirectories(mill.root.appending("data/a"))
                }
                try #require(try mill.run(["sync"]).code == 0)
                let changes = try mill.facts(FileArrived.self).filter {
                    $0.payload.area.kind == .dataset
                }
                #expect(changes.count == 4)
                #expect(try mill.facts(FileRemoved.self).count >= 4)
            }
        }

        @Test(arguments: [".millrace", ".millrace/journal", "."])
        func `a workspace that is taken away ends the daemon`(part: String) async throws {
            try await Workspace.use { mill in
                try mill.start()
                let gone = part == "." ? mill.root : mill.root.appending(part)
                let elsewhere = FilePath(mill.root.string + ".moved")
                defer { try? Files.removeFolder(elsewhere) }
                if part == ".millrace" {
                    try Files.removeFolder(gone)
                } else {
                    try Files.rename(gone, elsewhere)
                }
                #expect(try mill.waitForEnd() == .exited(9))
                if part == ".millrace" {
                    #expect(try FileStatus.of(gone) == nil, "it began a new history")
                }
            }
        }

        @Test func `a large file that is replaced while it is copied is never a mixture`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.start()
                // Large enough to be copied aside, so that the next is there before the copy is done.
                let size = 80 << 20
                for round in 0..<4 {
                    for fill in [UInt8(ascii: "a"), UInt8(ascii: "b")] {
                        let bytes = [UInt8](repeating: fill + 2 * UInt8(round), count: size)
                        try mill.drop(bytes, at: "metrics/big/file.bin")
                    }
                }
                let last = mill.root.appending("metrics/big/file.bin")
                try #require(try mill.run(["sync"]).code == 0)
                let arrived = try mill.facts(FileArrived.self).map(\.payload)
                    .filter { $0.path.name == "file.bin" }
                #expect(arrived.allSatisfy { $0.size == size })
                for version in arrived {
                    let bytes = try mill.vault.bytes(of: version.sha256, limit: size)
                    #expect(bytes.first == bytes.last && Set(bytes).count == 1)
                }
                let final = try #require(arrived.last)
                #expect(
                    try mill.vault.bytes(of: final.sha256, limit: size)
                        == (try Files.read(last, limit: size)))
            }
        }

        @Test func `a folder above the workspace that is moved ends the daemon`() async throws {
            try await Workspace.use { mill in
                let above = mill.root.appending("above")
                let nested = above.appending("in").appending("mill")
                try Files.makeDirectories(nested.parent)
                try #require(
                    try mill.run(["init", nested.string], inWorkspace: false).code == 0)
                let socket = try NotifySocket(mill.root.appending(".nested"))
                var environment = Workspace.shellEnvironment
                environment["NOTIFY_SOCKET"] = socket.path.string
                let child = try mill.spawn(nested, [], environment: environment)
                mill.daemon = child
                try socket.wait(for: "READY=1", from: child) { mill.logTail }
                try Files.rename(above, mill.root.appending("moved"))
                #expect(try mill.waitForEnd() == .exited(9))
                #expect(try FileStatus.of(above) == nil, "it made folders where it was")
            }
        }

        @Test func `commands leave the inbox when they have been dealt with`() async throws {
            try await Workspace.use { mill in
                try mill.start()
                for _ in 0..<3 {
                    _ = try mill.run(["retrain", "nothing", "--timeout", "60s"])
                }
                try mill.drop("this is no command", at: "inbox/letter")
                try waitUntil("the inbox is empty") {
                    try Files.names(in: mill.layout.inbox).allSatisfy { $0.string.hasPrefix(".") }
                }
                let before = try mill.facts(FileArrived.self).filter {
                    $0.payload.area.kind == .inbox
                }
                #expect(before.count >= 1)
                try mill.kill()
                // One that was dealt with and is still there is not done again.
                try mill.start()
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                let refused = try mill.facts(CommandRefused.self)
                #expect(refused.count == 1)
            }
        }
    }
}
