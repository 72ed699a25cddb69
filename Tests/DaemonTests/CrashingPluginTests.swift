import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Testing

/// Takes the whole process down whenever a file of the dataset `poison` arrives.
private struct PoisonPlugin: Plugin {
    static let name: PluginName = "poison"
    static let summary = "Crashes."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self, about: "dataset") { file, _ -> [DataAccepted] in
            if file.area.name == "poison" { abort() }
            return []
        }
    }
}

@Suite struct CrashingPluginTests {
    private static func start(_ folder: String) throws -> Daemon {
        var options = Daemon.Options(
            workspace: FilePath(folder), program: FilePath("/bin/false"), version: "test",
            registry: PluginRegistry([PoisonPlugin.self]))
        options.once = true
        options.logLevel = .error
        return try Daemon(options)
    }

    @Test func `a reaction that kills the process is set aside and the others go on`() async throws
    {
        let folder = "/tmp/millrace-poison-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let root = FilePath(folder)
        defer { try? Files.removeFolder(root) }
        try Files.makeDirectories(root.appending("data/poison"))
        try Files.makeDirectories(root.appending("data/good"))
        try Files.replace(root.appending("millrace.json"), with: Array("{}".utf8))
        try Files.replace(root.appending("data/poison/a.csv"), with: Array("x\n1\n".utf8))
        for _ in 1...3 {
            await #expect(processExitsWith: .signal(SIGABRT)) { [folder = folder as String] in
                _ = try CrashingPluginTests.start(folder).run()
            }
        }
        // The fourth start knows whom to suspect, and handles what came after.
        try Files.replace(root.appending("data/good/b.csv"), with: Array("x\n1\n".utf8))
        let ending = try await BlockingThread.run { try CrashingPluginTests.start(folder).run() }
        guard case .done(let problems) = ending else {
            Issue.record("the daemon did not end in good order: \(ending)")
            return
        }
        #expect(problems.isEmpty)
        let cursor = try JournalReader(directory: root.appending(".millrace/journal")).cursor()
        var events: [Event] = []
        while let event = try cursor.nextEvent() { events.append(event) }
        let all = events.compactMap { $0.payload(as: ReactionInterrupted.self) }
        let interrupted = all.filter { $0.plugin == "poison" }
        // Another may have been in flight beside it once; from then on each runs alone.
        #expect(all.count - interrupted.count <= 1)
        #expect(interrupted.map(\.count) == [1, 2])
        #expect(interrupted.map(\.trapped) == [true, true])
        let dead = events.compactMap { $0.payload(as: ReactionDeadLettered.self) }
        #expect(dead.count == 1)
        let good = events.first { $0.payload(as: FileArrived.self)?.area.name == "good" }
        let handled = events.compactMap { $0.payload(as: ReactionHandled.self) }
            .filter { $0.plugin == "poison" }.flatMap(\.handled)
        #expect(handled == [good?.sequence].compactMap { $0 })
    }
}
