import Glibc
import LinuxSystem
import Millrace
import Testing
import Watching

@Suite struct HostileTests {
    private func refusals(_ folder: WatchedFolder) -> [String: FileRefusal.Reason] {
        var found: [String: FileRefusal.Reason] = [:]
        for case .refused(let refusal) in folder.reports {
            found[refusal.path.description] = refusal.reason
        }
        return found
    }

    @Test func `links, FIFOs, sockets and devices are refused once and never opened`() async throws
    {
        let folder = try WatchedFolder()
        try folder.start()
        _ = folder.path("link").withCString { symlink("/etc/passwd", $0) }
        _ = folder.path("loop").withCString { symlink(".", $0) }
        _ = folder.path("fifo").withCString { mkfifo($0, 0o600) }
        _ = folder.path("device").withCString { mknod($0, S_IFCHR | 0o600, 0x103) }
        await folder.barrier()
        let isRoot = geteuid() == 0
        #expect(refusals(folder)["link"] == .symbolicLink)
        #expect(refusals(folder)["loop"] == .symbolicLink)
        #expect(refusals(folder)["fifo"] == .special("FIFO"))
        if isRoot { #expect(refusals(folder)["device"] == .special("device")) }
        let count = folder.takeLines().count
        #expect(count == (isRoot ? 4 : 3))
        await folder.stop()
        // Known from the journal, they are not refused again; gone, that is said.
        try Files.unlink(folder.path("fifo"))
        try folder.start()
        await folder.barrier()
        #expect(folder.takeLines() == ["removed fifo"])
        await folder.stop()
    }

    @Test func `a terabyte of nothing is refused without being read`() async throws {
        let folder = try WatchedFolder()
        try folder.start { $0.sizeLimit = 1 << 30 }
        let file = try FileDescriptor.open(folder.path("sparse"), O_WRONLY | O_CREAT, mode: 0o644)
        try file.truncate(to: 1 << 40)
        try file.close()
        await folder.barrier()
        #expect(refusals(folder)["sparse"] == .tooLarge(limit: 1 << 30))
        _ = folder.takeLines()
        // With fewer bytes it is a file like any other.
        try folder.write("sparse", "small")
        await folder.barrier()
        #expect(folder.takeLines() == ["added sparse"])
        await folder.stop()
    }

    @Test func `names are bytes, whatever they are`() async throws {
        let folder = try WatchedFolder()
        try folder.start()
        let names: [[UInt8]] = [
            Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8), [0xFF, 0xFE], Array("a\nb".utf8),
            [UInt8](repeating: UInt8(ascii: "n"), count: 255), Array(" ".utf8),
        ]
        for name in names {
            let path = folder.root.appending(FilePath(bytes: name))
            try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644).close()
        }
        await folder.barrier()
        var found: Set<[UInt8]> = []
        folder.known.forEach { path, _ in found.insert(path.bytes) }
        #expect(found == Set(names))
        await folder.stop()
    }

    @Test func `a file deeper than the longest path that the kernel takes arrives`() async throws {
        let folder = try WatchedFolder()
        try folder.start()
        let name = FilePath(bytes: [UInt8](repeating: UInt8(ascii: "d"), count: 200))
        var directory = try FileDescriptor.open(folder.root, O_RDONLY | O_DIRECTORY)
        var path: [UInt8] = []
        for _ in 0..<30 {
            _ = name.withCString { mkdirat(directory.raw, $0, 0o755) }
            directory = try directory.open(at: name, O_RDONLY | O_DIRECTORY)
            path += name.bytes + [UInt8(ascii: "/")]
        }
        let file = try directory.open(at: FilePath("deep"), O_WRONLY | O_CREAT, mode: 0o644)
        try file.writeAll([1, 2, 3])
        try file.close()
        await folder.barrier()
        let expected = try #require(WorkspacePath(bytes: path + Array("deep".utf8)))
        #expect(folder.known[expected]?.size == 3)
        await folder.stop()
        // The helper that removes the folder takes short paths only.
        try Self.removeDeep(folder.root, name)
    }

    private static func removeDeep(_ root: FilePath, _ name: FilePath) throws {
        var open: [CInt] = [try FileDescriptor.open(root, O_RDONLY | O_DIRECTORY).release()]
        defer { for raw in open { close(raw) } }
        while let last = open.last {
            let next = name.withCString { openat(last, $0, O_RDONLY | O_DIRECTORY) }
            if next < 0 { break }
            open.append(next)
        }
        if let last = open.last { unlinkat(last, "deep", 0) }
        for raw in open.dropLast().reversed() {
            _ = name.withCString { unlinkat(raw, $0, AT_REMOVEDIR) }
        }
    }

    @Test func `directories nested too deep are refused and the rest arrives`() async throws {
        let folder = try WatchedFolder()
        try folder.write("a/b/c/d/hidden", "1")
        try folder.write("a/b/seen", "1")
        try folder.start { $0.depthLimit = 3 }
        await folder.barrier()
        #expect(refusals(folder)["a/b/c/d"] == .tooDeep(limit: 3))
        #expect(folder.takeLines().sorted() == ["added a/b/seen", "refused a/b/c/d"])
        try folder.write("a/b/c/d/more", "1")
        await folder.barrier()
        #expect(folder.takeLines() == [])
        await folder.stop()
    }

    @Test func `a directory swapped for a link leads nowhere`() async throws {
        let folder = try WatchedFolder()
        let outside = try WatchedFolder()
        try outside.write("secret", "1")
        try folder.write("data/file", "1")
        try folder.start()
        await folder.barrier()
        _ = folder.takeLines()
        try Files.rename(folder.path("data"), outside.path("away"))
        _ = folder.path("data").withCString { link in
            outside.root.withCString { symlink($0, link) }
        }
        await folder.barrier()
        #expect(folder.takeLines().sorted() == ["refused data", "removed data/file"])
        await folder.stop()
    }
}
