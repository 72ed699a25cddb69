import LinuxSystem
import Millrace
import Testing
import Watching

@Suite struct SetTests {
    private func sets(_ folder: WatchedFolder) -> [String: String?] {
        var found: [String: String?] = [:]
        for case .change(let change) in folder.reports {
            found[change.path.description] = .some(change.set?.description)
        }
        return found
    }

    @Test func `files wait for the marker that is written after them`() async throws {
        let folder = try WatchedFolder()
        let data = try #require(WorkspacePath(escaped: "data"))
        try folder.start { $0.sets = [data: .marker("_SUCCESS")] }
        for index in 0..<5 { try folder.write("data/day/part-\(index)", "\(index)") }
        try folder.write("data/other/part", "1")
        try folder.write("elsewhere", "1")
        await folder.barrier()
        #expect(folder.takeLines() == ["added elsewhere"])
        try folder.write("data/day/_SUCCESS", "")
        await folder.barrier()
        #expect(sets(folder)["data/day/part-3"] == "data/day")
        #expect(sets(folder)["data/day/_SUCCESS"] == .some(nil))
        let lines = folder.takeLines()
        #expect(lines.count == 6)
        #expect(!lines.contains("added data/other/part"))
        await folder.stop()
        // A restart finds the other set still waiting, and the next marker lets it go.
        try folder.start { $0.sets = [data: .marker("_SUCCESS")] }
        await folder.barrier()
        #expect(folder.takeLines() == [])
        try folder.write("data/_SUCCESS", "")
        await folder.barrier()
        #expect(Set(folder.takeLines()) == ["added data/other/part", "added data/_SUCCESS"])
        await folder.stop()
    }

    @Test func `a quiet period holds files together, and a writer prolongs it`() async throws {
        let folder = try WatchedFolder()
        let data = try #require(WorkspacePath(escaped: "data"))
        try folder.start { $0.sets = [data: .quiet(.milliseconds(80))] }
        for index in 0..<5 { try folder.write("data/part-\(index)", "\(index)") }
        let begin = monotonicNanoseconds()
        await folder.barrier()
        #expect(monotonicNanoseconds() - begin > 40_000_000)
        #expect(folder.takeLines() == (0..<5).map { "added data/part-\($0)" })
        await folder.stop()
    }

    @Test func `a settle time holds each file by itself`() async throws {
        let folder = try WatchedFolder()
        let slow = try #require(WorkspacePath(escaped: "slow"))
        try folder.start { $0.settleTimes = [slow: .milliseconds(300)] }
        try folder.write("slow/a", "1")
        try folder.write("fast", "1")
        let written = try #require(try FileStatus.of(folder.path("slow/a"))).changed
        await folder.barrier()
        #expect(fileClock().now - written >= 300_000_000)
        #expect(folder.takeLines() == ["added fast", "added slow/a"])
        await folder.stop()
    }
}
