import LinuxSystem
import Millrace
import MillraceTesting
import Synchronization
import Testing

private struct Noted: EventPayload {
    static let type = "test.noted"
    var text: String
    var subject: Subject { Subject("test", text) }
}

private struct Undeclared: EventPayload {
    static let type = "test.undeclared"
    var subject: Subject { Subject("test", "") }
}

private struct ForgetfulPlugin: Plugin {
    static let name: PluginName = "forgetful"
    static let summary = "Remembers in memory what it should fold from events."
    let seen = Memory()
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self) { file, _ -> [Noted] in
            let count = seen.count.withLock { count in
                count += 1
                return count
            }
            return count > 1 ? [Noted(text: "\(file.path)")] : []
        }
    }
}

private final class Memory: Sendable {
    let count = Mutex(0)
}

private struct ScribblingPlugin: Plugin {
    static let name: PluginName = "scribbling"
    static let summary = "Writes where it should not."
    struct Settings: PluginSettings {
        var file = ""
    }
    let settings: Settings
    var reactions: some Reactions {
        On(FileArrived.self) { file, _ -> [Noted] in
            try Files.replace(FilePath(settings.file), with: [1])
            return [Noted(text: "\(file.path)")]
        }
    }
}

private struct RepeatingPlugin: Plugin {
    static let name: PluginName = "repeating"
    static let summary = "Does its work twice when it is asked twice."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self) { file, context -> [Noted] in
            guard let log = WorkspacePath(escaped: "reports/log.txt") else { return [] }
            let old = (try? context.outputs.read(log, limit: 1000)) ?? []
            try context.outputs.write(old + [1], to: log)
            return old.count > 1 ? [Noted(text: "\(file.path)")] : []
        }
    }
}

private struct SmugglingPlugin: Plugin {
    static let name: PluginName = "smuggling"
    static let summary = "Emits what it does not declare."
    static let emits: [any EventPayload.Type] = [Noted.self]
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self) { _, _ -> [any EventPayload] in [Undeclared()] }
    }
}

/// Says that files about datasets leave it as it is, and counts them.
private struct CarelessState: Projection {
    static let types: [any EventPayload.Type] = [FileArrived.self]
    private var count = 0
    func isIndifferent(to type: String, about subject: Subject) -> Bool {
        subject.kind == "dataset" && count > 0
    }
    mutating func apply(_ event: Event) { count += 1 }
}

private struct CarelessPlugin: Plugin {
    static let name: PluginName = "careless"
    static let summary = "Has a state that does not know what changes it."
    static let projections: [any Projection.Type] = [CarelessState.self]
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self) { _, _ -> [Noted] in [] }
    }
}

private struct HonestPlugin: Plugin {
    static let name: PluginName = "honest"
    static let summary = "Does what it should."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self) { file, context in
            guard let path = WorkspacePath(escaped: "reports/last.txt") else { return [Noted]() }
            try context.outputs.write(Array("\(file.path)".utf8), to: path)
            return [Noted(text: "\(file.path)")]
        }
    }
}

@Suite struct ConformanceTests {
    private static func check<P: Plugin>(
        _ type: P.Type, _ settings: JSONValue = [:]
    ) async throws {
        var workspace = WorkspaceSettings()
        workspace.plugins[P.name.rawValue] = settings
        try await checkConformance(type, settings: workspace) { mill in
            for name in ["a", "b", "c"] { try await mill.drop("data/flights/\(name).csv", name) }
        }
    }

    /// What the suite says about a plugin that breaks a promise.
    private static func complaint<P: Plugin>(
        about type: P.Type, _ settings: JSONValue = [:]
    ) async -> String {
        do {
            try await check(type, settings)
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test func `a plugin that does what it should passes`() async throws {
        try await ConformanceTests.check(HonestPlugin.self)
    }

    @Test func `memory of its own does not survive a restart`() async {
        let found = await ConformanceTests.complaint(about: ForgetfulPlugin.self)
        #expect(found.contains("after a restart behind event"), "\(found)")
    }

    @Test func `work that cannot be done again is noticed`() async {
        let found = await ConformanceTests.complaint(about: RepeatingPlugin.self)
        #expect(found.contains("is done again"), "\(found)")
    }

    @Test func `an event that is not declared is noticed`() async {
        let found = await ConformanceTests.complaint(about: SmugglingPlugin.self)
        #expect(found.contains("without declaring it"), "\(found)")
    }

    @Test func `a state that overlooks what changes it is noticed`() async {
        let found = await ConformanceTests.complaint(about: CarelessPlugin.self)
        #expect(found.contains("does not change it, and it does"), "\(found)")
    }

    @Test func `a file beside the context is noticed by the kernel`() async throws {
        let folder = FilePath("/tmp/millrace-scribble-\(UInt64.random(in: 0 ... .max))")
        try Files.makeDirectories(folder)
        defer { try? Files.removeFolder(folder) }
        let found = await ConformanceTests.complaint(
            about: ScribblingPlugin.self,
            ["file": .string(folder.appending("note").string)])
        #expect(found.contains("in a what-if"), "\(found)")
    }

    @Test func `a story without anything to react to proves nothing`() async {
        await #expect(throws: ConformanceFailure.self) {
            try await checkConformance(HonestPlugin.self) { _ in }
        }
    }
}
