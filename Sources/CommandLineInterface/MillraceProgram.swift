package import Console
import Daemon
import Glibc
import Journal
import LinuxSystem
package import Millrace
import Runtime
import Vault

/// The `millrace` program: its commands over a set of plugins.
package struct MillraceProgram: Sendable {
    /// The version of the program; also in the record of each run.
    package static let version = "0.1.0"

    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - plugins: the plugins that are built in.
    ///   - clock: what the commands call now.
    package init(
        plugins: [any Plugin.Type], clock: @escaping @Sendable () -> Timestamp = { WallClock.now }
    ) {
        registry = PluginRegistry(plugins)
        self.clock = clock
        // Before anything is opened.
        StandardDescriptors.fill()
        // A daemon reads its signals from a descriptor. They have to be blocked before the first
        // thread is made, or that thread would die of them.
        let command = RawArgument.ofProcess().first { $0.bytes.first != UInt8(ascii: "-") }
        if command == "run" { DaemonSignals.block() }
    }

    /// Runs the process's command line and ends the process with its exit code.
    ///
    /// The main thread only waits. It must not be given to the main dispatch queue, which unblocks
    /// all signals on it.
    package func main() -> Never {
        let program = program
        TaskPool.start {
            let streams = Streams.standard()
            let code = await program.run(RawArgument.ofProcess(), streams)
            streams.out.flush()
            streams.err.flush()
            exit(code.rawValue)
        }
        while true { pause() }
    }

    package var program: Program {
        let inbox = InboxCommand(registry: registry, clock: clock)
        return Program(
            Command(
                "millrace",
                summary: "from a dropped file to a model in production, with a ledger of why",
                subcommands: [
                    InitCommand().command,
                    DemoCommand(program: { self.program }, registry: registry).command,
                    RunCommand(registry: registry).command,
                    SyncCommand(registry: registry, clock: clock).command,
                    StatusCommand(registry: registry, clock: clock).command,
                    EventsCommand(registry: registry, clock: clock).command,
                    WhyCommand(registry: registry, clock: clock).command,
                    WhyNotCommand(registry: registry, clock: clock).command,
                    HistoryCommand(clock: clock).command,
                    DiffCommand(clock: clock).command,
                    WhatIfCommand(registry: registry, clock: clock).command,
                    BisectCommand(registry: registry).command,
                    ShowCommand(clock: clock).command,
                    DropsCommand(clock: clock).command,
                    PluginCommand(registry: registry).command,
                ] + ModelCommands(inbox: inbox).commands + [
                    DeadLetterCommand(inbox: inbox).command,
                    VerifyCommand().command,
                    ArchiveCommand(inbox: inbox).command,
                    VaultCommand(inbox: inbox).command,
                    ReplayCommand(registry: registry).command,
                    ReproduceCommand(registry: registry).command,
                    ProveCommand(registry: registry, clock: clock).command,
                    DoctorCommand(registry: registry, clock: clock).command,
                    VersionCommand().command,
                    JobWorkerCommand(registry: registry).command,
                ]),
            version: MillraceProgram.version, explain: explain)
    }
}

/// Turns what the layers below throw into a message, advice and an exit code.
@Sendable private func explain(_ error: any Error) -> CommandFailure? {
    switch error {
    case let error as DaemonError:
        switch error {
        case .settings: CommandFailure(.settings, Text("\(error)"))
        case .locked: CommandFailure(.conflict, Text("\(error)"))
        case .damaged:
            CommandFailure(
                .damage, Text("\(error)"),
                advice: "'millrace verify' says what is provable; to start all the same, "
                    + "'millrace run --accept-damage'")
        case .system, .endedWaiting: CommandFailure(.system, Text("\(error)"))
        }
    case let error as JournalError:
        switch error {
        case .damaged, .unreadable:
            CommandFailure(
                .damage, Text("\(error)"), advice: "'millrace verify' says what is provable")
        case .locked: CommandFailure(.conflict, Text("\(error)"))
        case .archived(let last, _):
            CommandFailure(
                .missing, Text("\(error)"),
                advice: Text("'millrace events --since \(last + 1)' lists what is here"))
        default: CommandFailure(.system, Text("\(error)"))
        }
    case let error as RemovedObject: CommandFailure(.missing, Text("\(error)"))
    case let error as VaultError:
        CommandFailure(.system, Text("\(error)"), advice: advice(on: error.system))
    case let error as SystemError:
        CommandFailure(.system, Text("\(error)"), advice: advice(on: error))
    default: nil
    }
}

/// What to do about an error of the system.
private func advice(on error: SystemError) -> Text? {
    guard error.isDiskFull else { return nil }
    return
        "make room on that disk and type it again; a daemon that waits for room goes on by itself"
}

/// Options that many commands share.
enum Shared {
    static let workspace = Option.value(
        "workspace", short: "w", .directory, default: Array(".".utf8),
        help: "the workspace; MILLRACE_WORKSPACE in the environment says it too")
    static let json = Option.flag("json", help: "print JSON, for programs")

    /// The workspace that was asked for, as an absolute path.
    static func layout(_ input: Invocation) throws -> WorkspaceLayout {
        var path = FilePath(bytes: input[workspace])
        if path.bytes == Array(".".utf8), let variable = environmentVariable("MILLRACE_WORKSPACE") {
            path = FilePath(variable)
        }
        guard try FileStatus.of(path) != nil else {
            throw CommandFailure(
                .missing, "there is no \(path.description)",
                advice: "make a workspace with 'millrace init DIR'")
        }
        let absolute = try AbsolutePath.of(path)
        guard try FileStatus.of(absolute.appending("millrace.json")) != nil else {
            throw CommandFailure(
                .missing, "\(absolute.description) is no workspace: it has no millrace.json",
                advice: "make one with 'millrace init DIR', or name one with --workspace DIR")
        }
        return WorkspaceLayout(root: absolute)
    }
}

/// Paths as the kernel resolves them.
enum AbsolutePath {
    static func of(_ path: FilePath) throws(SystemError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let found = path.withCString { realpath($0, &buffer) != nil }
        guard found else { throw SystemError(.current, "realpath", path.description) }
        return FilePath(bytes: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    /// This program's own file.
    static func ofProgram() throws(SystemError) -> FilePath {
        try of(FilePath("/proc/self/exe"))
    }
}
