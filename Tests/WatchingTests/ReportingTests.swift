import Glibc
import LinuxSystem
import Millrace
import Testing
import Watching

@Suite struct ReportingTests {
    @Test func `what is there at the start is reported, then that it is ready`() async throws {
        let folder = try WatchedFolder()
        try folder.write("a/b/one", "1")
        try folder.write("two", "2")
        try folder.start()
        #expect(await folder.waitUntil { $0.reports.last == .ready })
        #expect(folder.reports.count == 3)
        #expect(Set(folder.takeLines()) == ["added a/b/one", "added two"])
        await folder.stop()
    }

    @Test func `a file in directories made just now is reported once`() async throws {
        let folder = try WatchedFolder()
        try folder.start()
        for index in 0..<50 { try folder.write("d\(index)/e/f/file", "\(index)") }
        await folder.barrier()
        #expect(folder.takeLines().sorted() == (0..<50).map { "added d\($0)/e/f/file" }.sorted())
        await folder.stop()
    }

    @Test func `a file that was made and is not open yet is not whole`() async throws {
        let folder = try WatchedFolder()
        try folder.start()
        await folder.barrier()
        _ = folder.takeLines()
        var expected: Set<String> = []
        var late: Set<String> = []
        for index in 0..<300 {
            let path = folder.path("f\(index)")
            let begin = monotonicNanoseconds()
            // What open(2) does in two steps, the second of which makes a writer.
            try #require(path.withCString { mknod($0, S_IFREG | 0o644, 0) } == 0)
            let file = try FileDescriptor.open(path, O_WRONLY)
            let isLate = monotonicNanoseconds() - begin > 50_000_000
            try file.writeAll(Array("\(index)".utf8))
            try file.close()
            if isLate { late.insert("f\(index)") } else { expected.insert("added f\(index)") }
        }
        try folder.write("empty", "")
        await folder.barrier()
        expected.insert("added empty")
        let lines = folder.takeLines().filter { line in !late.contains { line.hasSuffix(" \($0)") }
        }
        #expect(lines.count == expected.count && Set(lines) == expected)
        await folder.stop()
    }

    @Test func `changed, moved and removed files are told apart`() async throws {
        let folder = try WatchedFolder()
        for name in ["a", "b", "c"] { try folder.write(name, name) }
        try folder.start()
        await folder.barrier()
        _ = folder.takeLines()
        try folder.write("a", "another")
        await folder.barrier()
        #expect(folder.takeLines() == ["changed a"])
        try Files.rename(folder.path("b"), folder.path("moved"))
        await folder.barrier()
        #expect(folder.takeLines() == ["moved b moved"])
        try Files.unlink(folder.path("c"))
        await folder.barrier()
        #expect(folder.takeLines() == ["removed c"])
        await folder.stop()
    }

    @Test func `a file that is touched, marked or written with the same bytes is no new version`()
        async throws
    {
        let folder = try WatchedFolder()
        for name in ["a", "b", "c", "d"] { try folder.write(name, name) }
        try folder.start()
        await folder.barrier()
        _ = folder.takeLines()
        _ = folder.path("a").withCString { utimensat(AT_FDCWD, $0, nil, 0) }
        _ = folder.path("b").withCString { chmod($0, 0o600) }
        try folder.write("c", "c")
        // Who may write it says who may have written it.
        _ = folder.path("d").withCString { chmod($0, 0o666) }
        await folder.barrier()
        #expect(Set(folder.takeLines()) == ["touched a", "touched b", "touched c", "changed d"])
        await folder.stop()
        try folder.start()
        await folder.barrier()
        #expect(folder.takeLines() == [])
        await folder.stop()
    }

    @Test func `one of two names of a file is removed, and the other is not moved`() async throws {
        let folder = try WatchedFolder()
        try folder.write("a", "1")
        _ = folder.path("a").withCString { old in folder.path("b").withCString { link(old, $0) } }
        try folder.start()
        await folder.barrier()
        _ = folder.takeLines()
        try Files.unlink(folder.path("b"))
        await folder.barrier()
        #expect(folder.takeLines() == ["removed b"])
        await folder.stop()
    }

    @Test func `after a restart only what changed meanwhile is reported`() async throws {
        let folder = try WatchedFolder()
        for name in ["d/keep", "d/same", "d/gone", "d/old"] { try folder.write(name, "12345") }
        try folder.start()
        await folder.barrier()
        await folder.stop()
        _ = folder.takeLines()
        // Same size, same mtime: ctime alone tells.
        let before = try #require(try FileStatus.of(folder.path("d/same")))
        try folder.write("d/same", "54321")
        var times = [timespec](repeating: timespec(), count: 2)
        for index in times.indices {
            times[index].tv_sec = Int(before.modified / 1_000_000_000)
            times[index].tv_nsec = Int(before.modified % 1_000_000_000)
        }
        _ = folder.path("d/same").withCString { utimensat(AT_FDCWD, $0, &times, 0) }
        try Files.unlink(folder.path("d/gone"))
        try Files.rename(folder.path("d/old"), folder.path("d/new"))
        try folder.start()
        await folder.barrier()
        #expect(
            Set(folder.takeLines()) == ["changed d/same", "removed d/gone", "moved d/old d/new"])
        await folder.stop()
    }

    @Test func `a file whose ctime alone moved is read once more and no news`() async throws {
        let folder = try WatchedFolder()
        try folder.write("a", "1")
        try folder.start()
        await folder.barrier()
        await folder.stop()
        _ = folder.takeLines()
        _ = folder.path("a").withCString { chmod($0, 0o644) }
        let begun = fileClock()
        _ = await folder.waitUntil { _ in fileClock().now > begun.now + 4 * begun.tick }
        for _ in 0..<3 {
            try folder.start()
            await folder.barrier()
            await folder.stop()
        }
        #expect(folder.ingested == 2)
        #expect(folder.takeLines() == [])
    }

    @Test func `a file is not reported while somebody has it open for writing`() async throws {
        let folder = try WatchedFolder()
        try folder.start()
        let file = try FileDescriptor.open(
            folder.path("slow"), O_WRONLY | O_CREAT, mode: 0o644)
        try file.writeAll(Array("half".utf8))
        await folder.barrier()
        #expect(folder.takeLines() == [])
        try file.writeAll(Array(" and half".utf8))
        try file.close()
        await folder.barrier()
        #expect(folder.takeLines() == ["added slow"])
        let path = try #require(WorkspacePath(escaped: "slow"))
        #expect(folder.known[path]?.size == 13)
        await folder.stop()
    }
}
