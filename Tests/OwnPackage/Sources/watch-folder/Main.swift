import Watching

/// The watcher by itself: prints what happens below a folder.
@main struct Main {
    static func main() async throws {
        let folder = CommandLine.arguments.dropFirst().first ?? "."
        let watcher = try Watcher(WatchConfiguration(root: .init(folder), inputs: [.everything]))
        for await batch in watcher.changes {
            for case .change(let change) in batch.reports {
                print(change.kind, change.path, change.version.digest?.hex ?? "")
            }
            batch.acknowledge()
            if batch.reports.contains(.ready), CommandLine.arguments.contains("--once") { return }
        }
    }
}
