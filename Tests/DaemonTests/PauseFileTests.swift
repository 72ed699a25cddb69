import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

@Suite struct PauseFileTests {
    @Test func `tells since when the disk is full, in a file that never grows`() throws {
        var name = Array("/tmp/pause-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        let root = FilePath(bytes: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        let layout = WorkspaceLayout(root: root)
        let path = layout.state.appending("pause")
        defer {
            try? Files.unlink(path)
            _ = layout.state.withCString { rmdir($0) }
            _ = root.withCString { rmdir($0) }
        }
        #expect(PauseFile.since(layout) == nil)
        try Files.makeDirectories(layout.state)
        let file = PauseFile(layout)
        let size = try FileStatus.of(path)?.size
        #expect(PauseFile.since(layout) == nil)
        for time in [Timestamp(microseconds: 1_800_000_000_123_456), Timestamp(microseconds: .max)]
        {
            file.note(time)
            #expect(PauseFile.since(layout) == time)
            #expect(try FileStatus.of(path)?.size == size)
        }
        file.note(nil)
        #expect(PauseFile.since(layout) == nil)
        // A drop that the vault has no room for counts while it is tried again.
        let tried = Timestamp(microseconds: 1_800_000_000_000_000)
        file.noteVault(Timestamp(microseconds: 7), tried: tried)
        #expect(PauseFile.since(layout, at: tried) == Timestamp(microseconds: 7))
        #expect(PauseFile.since(layout, at: tried.advanced(bySeconds: 3600)) == nil)
        file.note(Timestamp(microseconds: 5))
        #expect(PauseFile.since(layout, at: tried) == Timestamp(microseconds: 5))
        file.note(nil)
        #expect(PauseFile.since(layout, at: tried) == Timestamp(microseconds: 7))
        file.noteVault(nil)
        #expect(PauseFile.since(layout, at: tried) == nil)
        file.noteVault(Timestamp(microseconds: .max), tried: Timestamp(microseconds: .max))
        #expect(try FileStatus.of(path)?.size == size)
        file.note(Timestamp(microseconds: 5))
        // What a daemon before left says nothing about this one.
        _ = PauseFile(layout)
        #expect(PauseFile.since(layout) == nil)
    }
}
