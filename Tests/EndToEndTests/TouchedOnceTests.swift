import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// Files of which only the ctime has moved while nobody was here.
    @Suite struct TouchedOnceTests {
        private static let size = 24 << 20

        @Test func `a file that was linked is read once, an edit behind it is seen`() async throws {
            try await Workspace.use { mill in
                let file = mill.root.appending("code/none/large.bin")
                let bytes = [UInt8](repeating: 7, count: Self.size)
                try mill.drop(bytes, at: "code/none/large.bin")
                #expect(try Self.readAtStart(mill) >= Self.size)
                #expect(try Self.readAtStart(mill) < Self.size)
                let other = mill.root.appending("elsewhere")
                try #require(
                    file.withCString { old in other.withCString { link(old, $0) } } == 0)
                #expect(try Self.readAtStart(mill) >= Self.size)
                #expect(try Self.readAtStart(mill) < Self.size)
                #expect(try Self.readAtStart(mill) < Self.size)

                // What is remembered is not believed when it is damaged.
                let remembered = mill.root.appending(".millrace/recognised")
                var stamps = try Files.read(remembered, limit: 1 << 20)
                stamps[stamps.count - 1] ^= 4
                try Files.replace(remembered, with: stamps)
                #expect(try Self.readAtStart(mill) >= Self.size)
                #expect(try Self.readAtStart(mill) < Self.size)

                // Same size, same mtime, other bytes.
                let before = try #require(try FileStatus.of(file))
                let edited = try FileDescriptor.open(file, O_WRONLY)
                try edited.writeAll([8])
                try edited.close()
                var times = [timespec](repeating: timespec(), count: 2)
                for index in times.indices {
                    times[index].tv_sec = Int(before.modified / 1_000_000_000)
                    times[index].tv_nsec = Int(before.modified % 1_000_000_000)
                }
                _ = file.withCString { utimensat(AT_FDCWD, $0, &times, 0) }
                #expect(try Self.readAtStart(mill) >= Self.size)
                let arrived = try mill.facts(FileArrived.self).map(\.payload)
                    .filter { $0.path.description == "code/none/large.bin" }
                #expect(arrived.map(\.change) == [.added, .changed])
            }
        }

        /// Bytes that a daemon has read once it has compared everything.
        private static func readAtStart(_ mill: Workspace) throws -> Int {
            // A ctime of this very moment is not remembered.
            let begun = fileClock()
            try waitUntil("a moment later") { fileClock().now > begun.now + 4 * begun.tick }
            try mill.start()
            try #require(try mill.run(["sync", "--idle"]).code == 0)
            let child = try #require(mill.daemon)
            let counters = try FileDescriptor.open(
                FilePath("/proc/\(child.pid)/io"), O_RDONLY
            ).readAll(limit: 4096)
            try mill.kill()
            let line = String(decoding: counters, as: UTF8.self).split(separator: "\n").first
            return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
        }
    }
}
