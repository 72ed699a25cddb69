import Millrace
import Testing

@Suite struct FileArrivedTests {
    @Test func `the fast encoding is the coding`() throws {
        let names = ["data/flights/a.csv", "data/x/%FF\"\\ ü\u{1F600}", "code/p/train.py", "stray"]
        for (index, name) in names.enumerated() {
            let path = try #require(
                WorkspacePath(escaped: name) ?? WorkspacePath(bytes: Array(name.utf8)))
            for set in [nil, DropSet(directory: path, number: 2, count: 3)] {
                for previous in [nil, path] {
                    let event = FileArrived(
                        change: [.added, .changed, .moved, .touched][index % 4], path: path,
                        previousPath: previous, size: index * 1_000_000_007,
                        sha256: Digest(words: (1, .max, 3, UInt64(index))), uid: .max,
                        identity: FileIdentity(
                            device: 65_024, inode: UInt64(Int64.max), modified: -1,
                            changed: .max, gid: 0, mode: 0o644), area: Area(of: path), set: set)
                    #expect(event.bytes == (try JSONValue(encoding: event).bytes))
                    let read: FileArrived = try JSONValue(parsing: event.bytes).decode()
                    #expect(read.bytes == event.bytes)
                }
            }
        }
    }
}
