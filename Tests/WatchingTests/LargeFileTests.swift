import Glibc
import LinuxSystem
import Testing
import Watching

@Suite struct LargeFileTests {
    private static let size = 64 << 20

    private func writeLarge(_ path: FilePath) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644)
        try file.truncate(to: Self.size)
        try file.close()
    }

    @Test func `a small file does not wait for a large one`() async throws {
        let folder = try WatchedFolder()
        try folder.start()
        folder.hold(true, from: Self.size)
        try writeLarge(folder.path("large"))
        #expect(await folder.waitUntil { $0.isHeld })
        try folder.write("small", "1")
        #expect(await folder.waitUntil { $0.known.count == 1 })
        #expect(folder.takeLines() == ["added small"])
        folder.hold(false)
        await folder.barrier()
        #expect(folder.takeLines() == ["added large"])
        await folder.stop()
    }

    @Test func `what happens to a large file while it is copied counts, not the copy`() async throws
    {
        let folder = try WatchedFolder()
        try folder.start()
        folder.hold(true, from: Self.size)
        for name in ["gone", "cut"] { try writeLarge(folder.path(name)) }
        #expect(await folder.waitUntil { $0.isHeld })
        try Files.unlink(folder.path("gone"))
        _ = folder.path("cut").withCString { truncate($0, 3) }
        #expect(await folder.waitUntil { $0.known.count == 1 })
        folder.hold(false)
        await folder.barrier()
        #expect(folder.takeLines() == ["added cut"])
        #expect(folder.contradictions == [])
        await folder.stop()
    }
}
