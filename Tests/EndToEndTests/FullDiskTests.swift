import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// A disk that is really full: a small file system of memory under the workspace, or under its vault.
    @Suite struct FullDiskTests {
        private static func mount(_ place: FilePath, _ options: String, flags: UInt = 0) throws {
            _ = try place.withCString { place throws(SystemError) in
                try systemCall("mount") { Glibc.mount("none", place, "tmpfs", flags, options) }
            }
        }

        private static func unmount(_ place: FilePath) {
            _ = place.withCString { umount2($0, CInt(MNT_DETACH)) }
        }

        private static let canMount: Bool = {
            let place = FilePath("/tmp/millrace-mount-\(getpid())")
            guard (try? Files.makeDirectories(place)) != nil else { return false }
            defer { _ = place.withCString { rmdir($0) } }
            guard (try? mount(place, "size=64k")) != nil else { return false }
            unmount(place)
            return true
        }()

        /// Takes all the room there is. - Returns: what to remove for it to come back.
        private static func fill(_ mill: Workspace) throws -> FilePath {
            let path = mill.root.appending("filler")
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600)
            for piece in [1 << 20, 1 << 12] {
                let zeros = [UInt8](repeating: 0, count: piece)
                while (try? file.writeAll(zeros)) != nil {}
            }
            return path
        }

        private static func saysPaused(_ mill: Workspace) throws -> Bool {
            try mill.run(["status"]).out.contains("paused")
        }

        /// Long, so that few records fill what the journal has reserved.
        private static func name(_ number: Int) -> String {
            "\(number)-" + String(repeating: "x", count: 200)
        }

        /// Moves in what was prepared while there was room; more than the journal has reserved.
        private static func drop(_ numbers: Range<Int>, _ mill: Workspace) throws {
            for number in numbers {
                try Files.rename(
                    mill.root.appending("staging/\(name(number))"),
                    mill.root.appending("metrics/x/\(name(number))"))
            }
        }

        @Test(.enabled(if: canMount, "mounting is not allowed here"))
        func `a disk that fills up loses nothing`() async throws {
            try await Workspace.use(initialised: false) { mill in
                try Self.mount(mill.root, "size=160m")
                defer { Self.unmount(mill.root) }
                try #require(try mill.run(["init", mill.root.string]).code == 0)
                try Files.makeDirectories(mill.root.appending("metrics/x"))
                try Files.makeDirectories(mill.root.appending("staging"))
                let half = 6000
                for number in 0..<2 * half {
                    let path = mill.root.appending("staging/\(Self.name(number))")
                    try mill.write(Array("\(number)".utf8), to: path)
                }
                try mill.start()
                try mill.drop("first", at: "metrics/x/first")
                try mill.wait(for: FileArrived.self) { $0.path.description == "metrics/x/first" }

                var filler = try Self.fill(mill)
                try Self.drop(0..<half, mill)
                try waitUntil("status says that it waits") { try Self.saysPaused(mill) }
                try Files.unlink(filler)
                try #require(try mill.run(["sync"]).code == 0)
                #expect(try !Self.saysPaused(mill))

                filler = try Self.fill(mill)
                try Self.drop(half..<2 * half, mill)
                try waitUntil("status says that it waits again") { try Self.saysPaused(mill) }
                #expect(try mill.stop() == .exited(0))
                try Files.unlink(filler)
                try mill.start()
                try #require(try mill.run(["sync"]).code == 0)

                let arrived = try mill.facts(FileArrived.self).map(\.payload.path.description)
                    .filter { $0.hasPrefix("metrics/x/") && $0 != "metrics/x/first" }
                #expect(arrived.count == 2 * half)
                #expect(Set(arrived).count == 2 * half)
                #expect(try mill.stop() == .exited(0))
                let verified = try mill.run(["verify"])
                #expect(verified.code == 0, "\(verified)")
            }
        }

        @Test(.enabled(if: canMount, "mounting is not allowed here"))
        func `a start on a full disk waits for room, and ends when it is asked to`()
            async throws
        {
            try await Workspace.use(initialised: false) { mill in
                try Self.mount(mill.root, "size=96m")
                defer { Self.unmount(mill.root) }
                try #require(try mill.run(["init", mill.root.string]).code == 0)
                try mill.start()
                try mill.drop("first", at: "metrics/x/first")
                try mill.wait(for: FileArrived.self) { $0.path.description == "metrics/x/first" }
                #expect(try mill.stop() == .exited(0))
                // What a start makes anew needs room.
                try Files.unlink(mill.root.appending(".millrace/in-flight"))
                let filler = try Self.fill(mill)

                func startWaiting() throws -> ChildProcess {
                    let child = try mill.spawn([], environment: Workspace.shellEnvironment)
                    try waitUntil("status says that the start waits") { try Self.saysPaused(mill) }
                    return child
                }
                let first = try startWaiting()
                Glibc.kill(first.pid, SIGTERM)
                #expect(try Workspace.ending(of: first) == .exited(0))

                let second = try startWaiting()
                try Files.unlink(filler)
                try mill.drop("second", at: "metrics/x/second")
                try waitUntil("the start went on, and the file arrived") {
                    try mill.facts(FileArrived.self).contains {
                        $0.payload.path.description == "metrics/x/second"
                    }
                }
                #expect(try !Self.saysPaused(mill))
                Glibc.kill(second.pid, SIGTERM)
                #expect(try Workspace.ending(of: second) == .exited(0))
                let verified = try mill.run(["verify"])
                #expect(verified.code == 0, "\(verified)")
            }
        }

        @Test(.enabled(if: canMount, "mounting is not allowed here"))
        func `status says that a drop waits for room in the vault`() async throws {
            try await Workspace.use { mill in
                let vault = mill.layout.vault
                try Files.makeDirectories(vault, mode: 0o700)
                try Self.mount(vault, "size=16m,mode=700")
                defer { Self.unmount(vault) }
                try mill.start()
                #expect(try !Self.saysPaused(mill))
                let large = [UInt8](repeating: 7, count: 20 << 20)
                try mill.drop(large, at: "metrics/x/large")
                try waitUntil("status says that it waits") { try Self.saysPaused(mill) }
                // What there is room for does not wait.
                try mill.drop("small", at: "metrics/x/small")
                try mill.wait(for: FileArrived.self) { $0.path.description == "metrics/x/small" }
                #expect(try Self.saysPaused(mill))

                try Self.mount(vault, "size=64m", flags: UInt(MS_REMOUNT))
                let arrived = try mill.wait(for: FileArrived.self) {
                    $0.path.description == "metrics/x/large"
                }
                #expect(arrived.payload.size == large.count)
                #expect(try !Self.saysPaused(mill))
                #expect(try mill.stop() == .exited(0))
            }
        }
    }
}
