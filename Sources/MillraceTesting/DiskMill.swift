import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Vault

/// The real runtime on a journal, a vault and output folders on the disk.
final class DiskMill: RunningMill {
    private let layout: WorkspaceLayout
    private let vault: Vault
    private let writer: JournalWriter
    private let runtime: Runtime

    init(_ types: [any Plugin.Type], _ settings: WorkspaceSettings) throws {
        let (plugins, issues) = PluginRegistry(types).makePlugins(settings)
        guard issues.isEmpty else {
            throw ReactionError("the settings have errors: \(issues)")
        }
        layout = WorkspaceLayout(root: try TemporaryFolder.make("mill"))
        try Files.makeDirectories(layout.journal, mode: 0o700)
        vault = try Vault(directory: layout.vault)
        var configuration = JournalConfiguration()
        configuration.reserve = 64 << 10
        writer = try JournalWriter(directory: layout.journal, configuration: configuration)
        let reader = JournalReader(directory: layout.journal)
        let writer = writer
        let runtime = Runtime(
            Runtime.Configuration(
                settings: settings, plugins: plugins,
                world: try DiskWorld(layout: layout, vault: vault, jobs: types),
                log: JournalLog(writer),
                read: { sequence, body in
                    let cursor = try reader.cursor(from: sequence)
                    while let event = try cursor.nextEvent(), body(event) {}
                },
                sleep: { try await TaskPool.sleep(seconds: $0) }, failed: { _ in }))
        self.runtime = runtime
        var history = DeliveryHistory(plugins: plugins)
        for event in try writer.appendBlocking(try plugins.map { try Arrival.registration(of: $0) })
        {
            runtime.fold(event)
            history.apply(event)
        }
        writer.onCommit = { runtime.committed($0) }
        try runtime.start(history)
    }

    var events: [Event] {
        get throws {
            let cursor = try JournalReader(directory: layout.journal).cursor()
            var events: [Event] = []
            while let event = try cursor.nextEvent() {
                // The journal's own notes of how far it is on the disk come when they like.
                if event.type != "journal.watermark" { events.append(event) }
            }
            return events
        }
    }

    @discardableResult
    func drop(_ path: String, _ bytes: [UInt8]) async throws -> Event {
        guard let path = WorkspacePath(escaped: path) else {
            throw ReactionError("\(path) is no path inside the workspace")
        }
        let digest = try vault.store(bytes)
        try vault.sync()
        let number = Int(clamping: writer.head.sequence)
        let arrived = Arrival.payload(
            path, size: bytes.count, digest, change: .added, uid: getuid(), number: number,
            at: WallClock.now)
        let events = try await writer.append([
            try EventDraft(
                arrived, id: Arrival.id("outside/\(number)"), actor: .user(getuid()))
        ])
        await runtime.waitUntilIdle()
        guard let event = events.first else { throw ReactionError("nothing was appended") }
        return event
    }

    func output(_ path: String) throws -> [UInt8]? {
        try OutputFile.read(path, in: layout)
    }

    func remove() {
        try? writer.close()
        try? Files.removeFolder(layout.root)
    }
}

/// Real files and commands, and jobs in this process.
private struct DiskWorld: World {
    let layout: WorkspaceLayout
    let jobs: [any Plugin.Type]
    let files: any FileStore
    let outputs: any OutputFolders

    init(layout: WorkspaceLayout, vault: Vault, jobs: [any Plugin.Type]) throws {
        self.layout = layout
        self.jobs = jobs
        let files = try VaultFiles(layout, vault)
        self.files = files
        outputs = WorkspaceFolders(layout, files)
    }

    var now: Timestamp { WallClock.now }

    func run(_ command: ProcessRequest) async throws -> CommandResult {
        try await ProgramCommand.run(command, workspace: layout.root)
    }

    func perform(_ request: JobRequest) async throws -> JSONValue {
        guard let job = PluginRegistry(jobs).job(plugin: request.plugin, name: request.job) else {
            throw ReactionError("no job \(request.job) of \(request.plugin) is known here")
        }
        let root = layout.root
        return try await JobInProcess.run(
            job, request.input, files: files,
            command: { try await ProgramCommand.run($0, workspace: root) })
    }

    func log(_ level: LogLevel, _ message: String) {}

    func timeZone(named name: String) throws -> [UInt8] { try TimeZoneFiles.bytes(name) }
}

/// What plugins wrote.
enum OutputFile {
    private static let sizeLimit = 256 << 20

    static func read(_ path: String, in layout: WorkspaceLayout) throws -> [UInt8]? {
        guard let inside = WorkspacePath(escaped: path) else { return nil }
        let file = layout.path(of: inside)
        guard try FileStatus.of(file) != nil else { return nil }
        return try Files.read(file, limit: sizeLimit)
    }
}
