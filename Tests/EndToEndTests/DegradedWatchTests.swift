import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// Where the kernel does not help: one event says what is scanned instead, `status` and `doctor`
    /// show it, and what is dropped there arrives.
    @Suite struct DegradedWatchTests {
        private static func check(
            _ mill: Workspace, _ part: String, reason: String
        ) throws {
            let degraded = try mill.facts(WatchDegraded.self).map(\.payload)
            #expect(degraded.map(\.part) == [part])
            #expect(degraded.first?.reason.contains(reason) == true)
            #expect(degraded.first?.intervalSeconds == 1)
            for command in ["status", "doctor"] {
                let output = try mill.run([command]).out
                #expect(output.contains(part), "\(command): \(output)")
                #expect(output.contains("scanned"), "\(command): \(output)")
            }
            for round in 0..<3 {
                let path = "\(part)/drop\(round).csv"
                try mill.drop("x\n\(round)\n", at: path)
                try mill.wait(for: FileArrived.self) { $0.path.description == path }
            }
            #expect(try mill.facts(WatchDegraded.self).count == 1)
        }

        @Test func `a folder is scanned because the settings say so`() async throws {
            try await Workspace.use { mill in
                let settings = #"{ watch: { scanned: ["data/remote"] } }"#
                try mill.write(Array(settings.utf8), to: mill.layout.settings)
                try Files.makeDirectories(mill.root.appending("data/remote"))
                try mill.start()
                try Self.check(mill, "data/remote", reason: "watch.scanned")
                // And no more, once they do not.
                try mill.drop("{}", at: "millrace.json")
                try mill.wait(for: WatchRecovered.self)
                try mill.drop("x\n9\n", at: "data/remote/last.csv")
                try #require(try mill.run(["sync"]).code == 0)
                let arrived = try mill.facts(FileArrived.self).map(\.payload.path.description)
                #expect(arrived.contains("data/remote/last.csv"))
            }
        }

        private static let python = ProgramRunner.find("python3", path: "/usr/bin:/usr/local/bin")
        private static let canMount =
            geteuid() == 0 && python != nil
            && access("/dev/fuse", R_OK | W_OK) == 0 && access("/bin/umount", X_OK) == 0

        @Test(.enabled(if: canMount))
        func `a file system sends no notifications`() async throws {
            try await Workspace.use { mill in
                let python = try #require(Self.python)
                let behind = mill.root.appending("behind")
                let folder = mill.root.appending("data/remote")
                try Files.makeDirectories(behind)
                try Files.makeDirectories(folder)
                let view = FilePath(#filePath).parent.parent
                    .appending("SilentFileSystem").appending("view.py")
                let nothing = try FileDescriptor.open(FilePath("/dev/null"), O_RDWR)
                let server = try ChildProcess.spawn(
                    python, arguments: [view, behind, folder].map(\.bytes), environment: [],
                    input: nothing.raw, output: nothing.raw, error: nothing.raw, newSession: true)
                defer {
                    _ = folder.withCString { umount2($0, CInt(MNT_DETACH)) }
                    Glibc.kill(server.pid, SIGKILL)
                    _ = try? server.wait()
                }
                try waitUntil("it is mounted") {
                    try FileStatus.of(folder)?.device != FileStatus.of(behind)?.device
                }
                try mill.start()
                let degraded = try mill.facts(WatchDegraded.self).map(\.payload)
                #expect(degraded.map(\.part) == ["data/remote"])
                #expect(degraded.first?.reason.contains("fuse") == true)
                for command in ["status", "doctor"] {
                    #expect(try mill.run([command]).out.contains("data/remote is scanned every"))
                }
                for round in 0..<3 {
                    // Written behind the view: the kernel tells nobody.
                    try mill.drop("x\n\(round)\n", at: "behind/drop\(round).csv")
                    try mill.wait(for: FileArrived.self) {
                        $0.path.description == "data/remote/drop\(round).csv"
                    }
                }
                #expect(try mill.facts(WatchDegraded.self).count == 1)
                try mill.kill()
            }
        }

        private static let hasNamespaces: Bool = {
            let result = try? ProgramRunner.run(
                FilePath("/usr/bin/unshare"),
                arguments: ["-U", "-r", "test", "-w", "/proc/sys/user/max_inotify_watches"]
                    .map { Array($0.utf8) },
                environment: [], directory: FilePath("/"), input: [], limit: 1000,
                milliseconds: 10_000)
            return result?.ending == .exited(0)
        }()

        @Test(.enabled(if: hasNamespaces))
        func `no more watches are allowed than there are folders`() async throws {
            try await Workspace.use { mill in
                for index in 0..<60 {
                    try Files.makeDirectories(mill.root.appending("data/many/d\(index)"))
                }
                let limit = "echo 40 >/proc/sys/user/max_inotify_watches && exec \"$@\""
                try mill.start(after: ["unshare", "-U", "-r", "sh", "-c", limit, "sh"])
                try Self.check(mill, "data/many", reason: "max_user_watches")
                for index in 0..<60 { try mill.drop("x\n1\n", at: "data/many/d\(index)/a.csv") }
                try #require(try mill.run(["sync"]).code == 0)
                let arrived = Set(
                    try mill.facts(FileArrived.self).map(\.payload.path.description))
                #expect((0..<60).allSatisfy { arrived.contains("data/many/d\($0)/a.csv") })
                // A start says anew what is degraded: now nothing is.
                try mill.kill()
                try mill.start()
                for command in ["status", "doctor"] {
                    #expect(try !mill.run([command]).out.contains("data/many is scanned"))
                }
                #expect(try mill.run(["doctor"]).out.contains("every input folder is watched"))
            }
        }

        /// A user who is nobody, and can run the program.
        private static let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        private static let canBecomeNobody: Bool = {
            guard geteuid() == 0, let setpriv = ProgramRunner.find("setpriv", path: "/usr/bin")
            else { return false }
            let words = nobody.dropFirst() + [Workspace.program.string, "--version"]
            let result = try? ProgramRunner.run(
                setpriv, arguments: words.map { Array($0.utf8) }, environment: [],
                directory: FilePath("/"), input: [], limit: 1000, milliseconds: 30_000)
            return result?.ending == .exited(0)
        }()

        @Test(.enabled(if: canBecomeNobody))
        func `a folder that may not be read is said, and read when it may`() async throws {
            try await Workspace.use { mill in
                let closed = mill.root.appending("data/closed")
                try Files.makeDirectories(closed)
                try mill.write(Array("x\n1\n".utf8), to: closed.appending("a.csv"))
                _ = closed.withCString { chmod($0, 0o700) }
                for name in ["", "data", "contracts", "code", "metrics", "inbox", "millrace.json"] {
                    let path = name.isEmpty ? mill.root : mill.root.appending(name)
                    _ = path.withCString { chown($0, 65534, 65534) }
                }
                try mill.start(after: Self.nobody)
                let degraded = try mill.facts(WatchDegraded.self).map(\.payload)
                #expect(degraded.map(\.part) == ["data/closed"])
                #expect(degraded.first?.reason.contains("may not be read") == true)
                for command in ["status", "doctor"] {
                    #expect(try mill.run([command]).out.contains("data/closed"))
                }
                _ = closed.withCString { chmod($0, 0o755) }
                try mill.wait(for: FileArrived.self) {
                    $0.path.description == "data/closed/a.csv"
                }
                try mill.wait(for: WatchRecovered.self)
                #expect(try mill.run(["doctor"]).out.contains("every input folder is watched"))
            }
        }
    }
}
