import Daemon
import Millrace
import MillraceTesting
import Testing

@Suite struct CommandFileTests {
    @Test func `a command is carried out once, though its file is touched`() async throws {
        let mill = try TestMill([WorkspacePlugin.self])
        let letter = Array(#"{"command": "retrain", "about": "pipeline/delays"}"#.utf8)
        try await mill.drop("inbox/a.json", letter)
        try await mill.drop("inbox/a.json", letter, change: .touched)
        #expect(try mill.emitted(CommandReceived.self).count == 1)
        // Its file was taken away, and is there again.
        try await mill.drop("inbox/a.json", letter)
        #expect(try mill.emitted(CommandReceived.self).count == 2)
    }
}
