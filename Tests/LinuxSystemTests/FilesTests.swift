import Glibc
import LinuxSystem
import Testing

@Suite struct FilesTests {
    @Test func `a name with bytes outside printable ASCII is escaped and stays one line`() {
        let path = FilePath(bytes: Array("a\nb%".utf8) + [0xFF])
        #expect(path.description == "a%0Ab%25%FF")
    }

    @Test func `a path with a zero byte names nothing`() {
        let path = FilePath(bytes: Array("/etc/passwd".utf8) + [0] + Array("x".utf8))
        #expect(throws: SystemError.self) { try FileDescriptor.open(path, O_RDONLY).close() }
    }

    @Test func `a FIFO is refused at once instead of waited for`() throws {
        let path = FilePath("/tmp/millrace-fifo-\(getpid())")
        _ = path.withCString { mkfifo($0, 0o600) }
        defer { try? Files.unlink(path) }
        #expect(throws: SystemError.self) { try Files.read(path, limit: 10) }
    }

    @Test func `a replaced file has the new bytes and leaves no temporary file`() throws {
        let folder = FilePath("/tmp/millrace-replace-\(getpid())")
        try Files.makeDirectories(folder.appending("a/b"))
        let path = folder.appending("a/b/file")
        try Files.replace(path, with: Array("one".utf8))
        try Files.replace(path, with: Array("two".utf8))
        #expect(try Files.read(path, limit: 100) == Array("two".utf8))
        #expect(try Files.names(in: folder.appending("a/b")) == [FilePath("file")])
    }
}
