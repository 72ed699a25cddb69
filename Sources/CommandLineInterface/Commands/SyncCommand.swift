import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace sync`: wait until the daemon has seen what is there.
struct SyncCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let idle = Option.flag(
        "idle", help: "also wait until every plugin has handled everything")
    private static let timeout = Option.value(
        "timeout", .duration, default: 600, help: "how long to wait at most")

    var command: Command {
        let registry = registry
        let clock = clock
        return Command(
            "sync", summary: "wait until what was dropped is journaled, or fully handled",
            discussion: """
                For scripts, instead of waiting for a time. It puts a command file into inbox/, and \
                returns when the daemon answers that everything which lay complete in the workspace \
                is journaled: however deep, however large, and also in parts that are scanned from \
                time to time.
                Not waited for: a file that somebody still has open for writing, and a set whose \
                marker is not there. --idle returns only when in addition nothing is pending, runs \
                or is tried again.
                A daemon that was started just before is waited for, two seconds at most.
                Exit code 1: the time was over.
                """,
            group: "Daemon",
            examples: [
                .init("sync", "until it is journaled"),
                .init("sync --idle --timeout 5m", "until everything has come of it"),
            ],
            options: [SyncCommand.idle, SyncCommand.timeout, Shared.workspace]
        ) { input in
            let layout = try Shared.layout(input)
            let reader = JournalReader(directory: layout.journal)
            guard try await SyncCommand.hasDaemon(reader, input[SyncCommand.timeout]) else {
                throw CommandFailure(
                    .missing, "no daemon runs in \(layout.root.description): nothing is taken in",
                    advice: "start one: 'millrace run --workspace \(layout.root.description)'")
            }
            let wait = SyncWait(
                layout: layout, reader: reader, seconds: input[SyncCommand.timeout],
                plugins: input[SyncCommand.idle] ? Reading.plugins(registry, in: layout) : nil)
            let now = clock()
            let isDone = try await BlockingThread.run { try wait.run(at: now) }
            guard isDone else {
                throw CommandFailure(
                    .negative, "not done after \(Format.duration(seconds: wait.seconds))",
                    advice: "'millrace status --plugins' shows what is pending")
            }
            return .success
        }
    }

    /// A script starts the daemon in one line and waits for it in the next: before it is said that
    /// none runs, it has the time that a process needs to come up.
    private static func hasDaemon(_ reader: JournalReader, _ timeout: Double) async throws -> Bool {
        let end = monotonicNanoseconds() + Int64(min(max(timeout, 0), 2) * 1e9)
        while try !reader.hasWriter() {
            guard monotonicNanoseconds() < end else { return false }
            try await TaskPool.sleep(seconds: 0.01)
        }
        return true
    }
}

/// Waits for a cookie to come out at the other end.
struct SyncWait: Sendable {
    let layout: WorkspaceLayout
    let reader: JournalReader
    let seconds: Double
    /// Whose pending events are waited for; nil for none.
    let plugins: [RegisteredPlugin]?

    /// - Returns: false when the time was over. Blocks the calling thread.
    func run(at now: Timestamp) throws -> Bool {
        let end = monotonicNanoseconds() + Int64(min(max(seconds, 0), 1e6) * 1e9)
        let next = try reader.head().sequence + 1
        let path = try InboxLetter(command: WorkspaceSynced.command, about: .workspace).post(
            layout, at: now)
        // Cookies of many scripts would fill the inbox.
        defer { try? Files.unlink(layout.path(of: path)) }
        guard try waitForAnswer(to: path, from: next, end) else { return false }
        guard let plugins else { return true }
        return try waitUntilIdle(plugins, end)
    }

    private func waitForAnswer(
        to path: WorkspacePath, from sequence: UInt64, _ end: Int64
    ) throws -> Bool {
        let follower = try reader.follower(from: sequence)
        while true {
            let left = (end - monotonicNanoseconds()) / 1_000_000
            guard left > 0, let batch = try follower.next(milliseconds: Int(left)) else {
                return false
            }
            let isAnswered = batch.contains {
                $0.type == WorkspaceSynced.type
                    && $0.payload(as: WorkspaceSynced.self)?.cookie == path
            }
            if isAnswered { return true }
        }
    }

    private func waitUntilIdle(_ plugins: [RegisteredPlugin], _ end: Int64) throws -> Bool {
        var view = try WorkspaceView(reader, projections: [], plugins: plugins)
        let follower = try reader.follower(from: view.sequence + 1)
        while view.hasPending {
            let left = (end - monotonicNanoseconds()) / 1_000_000
            guard left > 0, let batch = try follower.next(milliseconds: Int(left)) else {
                return false
            }
            for event in batch { view.apply(event) }
        }
        return true
    }
}
