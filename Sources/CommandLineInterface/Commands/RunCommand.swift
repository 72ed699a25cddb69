import Console
import Daemon
import Glibc
import LinuxSystem
import Millrace
import Runtime

/// `millrace run`: the daemon in the foreground.
struct RunCommand {
    let registry: PluginRegistry

    private static let once = Option.flag(
        "once", help: "do everything there is to do, then end; the exit code has the outcome")
    private static let verbose = Option.counter(
        "verbose", short: "v", help: "log the marks of the runtime too")
    private static let withParent = Option.value(
        "with-parent", .integer(1...Int(Int32.max)).named("PID"),
        help: "stop when the process that started it ends")
    private static let acceptDamage = Option.flag(
        "accept-damage", help: "start on a damaged journal, with what is readable")

    var command: Command {
        let registry = registry
        return Command(
            "run", summary: "run the daemon of a workspace in the foreground",
            discussion: """
                Watches the workspace and reacts to what is dropped. One line an event goes to \
                standard error; under systemd with priorities.
                SIGTERM and SIGINT finish what runs and stop; a second one stops at once. SIGHUP \
                reads the settings again.
                With --once it ends when nothing is left to do: 0 when all went well, 1 when a \
                drop was rejected or something failed.
                """,
            group: "Daemon",
            examples: [
                .init("run", "watch the workspace in this folder"),
                .init("run --workspace /srv/flights --once", "from cron: take in, react, end"),
            ],
            options: [
                Shared.workspace, RunCommand.once, RunCommand.verbose, RunCommand.acceptDamage,
                RunCommand.withParent,
            ]
        ) { input in
            var options = Daemon.Options(
                workspace: try Shared.layout(input).root, program: try AbsolutePath.ofProgram(),
                version: "millrace \(MillraceProgram.version)", registry: registry)
            options.once = input[RunCommand.once]
            options.acceptDamage = input[RunCommand.acceptDamage]
            if input[RunCommand.verbose] > 0 { options.logLevel = .debug }
            if let parent = input[RunCommand.withParent] {
                DaemonSignals.block()
                try ParentProcess.followIntoDeath(Int32(clamping: parent))
            }
            guard let daemon = try RunCommand.open(options, input) else { return .success }
            // It waits in the kernel: not on one of the few threads that reactions run on.
            switch try await BlockingThread.run({ daemon.run() }) {
            case .done(let problems):
                guard options.once, !problems.isEmpty else { return .success }
                for type in problems.keys.sorted() {
                    input.err.line("\(type): \(problems[type] ?? 0)")
                }
                return .negative
            case .interrupted: return .negative
            case .lost(let reason):
                throw CommandFailure(
                    .lost, "the daemon ended, because \(reason)",
                    advice: "put it back from a backup, or make a new workspace: 'millrace init'")
            case .failed(let reason): throw CommandFailure(.system, Text(reason))
            case .damaged(let reason): throw DaemonError.damaged(reason)
            }
        }
    }
}

extension RunCommand {
    /// A settings file may have many problems: each gets a line of its own. Nil when a daemon was asked to
    /// end before it had begun.
    private static func open(_ options: Daemon.Options, _ input: Invocation) throws -> Daemon? {
        do { return try Daemon(options) } catch DaemonError.endedWaiting {
            // Of what there was to do once, nothing is done.
            if options.once { throw DaemonError.endedWaiting }
            input.err.line("\(DaemonError.endedWaiting)")
            return nil
        } catch DaemonError.settings(let file, let problems) {
            for problem in problems { input.err.line("\(file.description): \(problem)") }
            throw CommandFailure(
                .settings,
                "the settings have \(Format.count(problems.count, "problem")); nothing was started",
                advice: "mend \(file.description) and start again")
        }
    }
}

/// `millrace job-worker`: the process of one job; started by the daemon, not by people.
struct JobWorkerCommand {
    let registry: PluginRegistry

    private static let folder = Argument<[UInt8]>.required(
        "FOLDER", .directory, help: "the folder of the job")

    var command: Command {
        let registry = registry
        return Command(
            "job-worker", summary: "does one job of a plugin",
            arguments: [JobWorkerCommand.folder], isListed: false
        ) { input in
            let folder = JobFolder(FilePath(bytes: input[JobWorkerCommand.folder]))
            let status = await JobWorker.run(folder, plugins: registry) { folder, request in
                // FOLDER is .millrace/jobs/NAME of its workspace.
                let root = folder.path.parent.parent.parent
                return try JobContexts.make(folder, request, WorkspaceLayout(root: root))
            }
            // Between this process and its daemon alone: no exit code for people.
            if status == JobWorker.shortage { exit(status) }
            return status == 0 ? .success : .work
        }
    }
}
