import Console
import Daemon
import Glibc
import LinuxSystem
import Runtime

/// `millrace demo`: the whole way from a dropped file to a model in production, on real data.
struct DemoCommand {
    let program: @Sendable () -> Program
    let registry: PluginRegistry

    private static let directory = Argument<[UInt8]?>.optional(
        "DIR", .directory, help: "where to make the workspace; a new folder in TMPDIR without it")
    private static let every = Option.value(
        "every", .integer(1...1000), default: 1,
        help: "drop only every Nth row of the sample, for a quick look on a slow machine")

    var command: Console.Command {
        let program = program
        let registry = registry
        return Command(
            "demo", summary: "watch the whole way, from a file to production, on real flights",
            discussion: """
                Makes a workspace, starts the daemon on it, and drops a year's flights from New \
                York, month by month: a first model, a challenger, a damaged file, drift, and a \
                daemon that is killed in the middle of a training. What you see comes from the \
                journal as it is written; nothing is scripted. The workspace stays, to look around.
                """,
            group: "Workspace",
            examples: [.init("demo", "a few seconds"), .init("demo /tmp/mill", "keep it there")],
            options: [DemoCommand.every], arguments: [DemoCommand.directory]
        ) { input in
            let root = try DemoCommand.makeWorkspace(input[DemoCommand.directory])
            let stage = DemoStage(
                layout: WorkspaceLayout(root: root), program: try AbsolutePath.ofProgram())
            let story = DemoStory(
                stage: stage, registry: registry, every: input[DemoCommand.every], input: input)
            do {
                try await BlockingThread.run { try story.tell() }
            } catch {
                stage.kill()
                throw error
            }
            return try await DemoCommand.lookBack(root, program(), input)
        }
    }

    private static func makeWorkspace(_ directory: [UInt8]?) throws -> FilePath {
        var root: FilePath
        if let directory {
            root = FilePath(bytes: directory)
        } else {
            let temporary = environmentVariable("TMPDIR") ?? "/tmp"
            root = FilePath(temporary).appending(
                "millrace-demo-\(getpid())-\(UInt16.random(in: 0 ... .max))")
        }
        if try FileStatus.of(root) != nil, try !Files.names(in: root).isEmpty {
            throw CommandFailure(
                .conflict, "\(root.description) is not empty; nothing was written",
                advice: "name a new folder: 'millrace demo DIR'")
        }
        _ = try WorkspaceMaker.make(root)
        return try AbsolutePath.of(root)
    }

    /// Ends the way a person would go on: with the commands that answer questions.
    private static func lookBack(
        _ root: FilePath, _ program: Program, _ input: Invocation
    ) async throws -> ExitCode {
        for (title, line) in [
            ("What there is now", ["status"]),
            ("Why this model is in production", ["why", "delays"]),
            ("Is the record whole?", ["verify"]),
        ] {
            input.out.line()
            input.out.line(
                "\(title, .heading)   \("millrace " + line.joined(separator: " "), .faint)")
            let words =
                line.map { RawArgument($0) } + ["--workspace", RawArgument(bytes: root.bytes)]
            let code = await program.run(words, input.streams)
            guard code == .success else { return code }
        }
        input.out.line()
        input.out.line("\("To go on", .heading)")
        let name = root.description
        for line in [
            "cd \(name)", "millrace run &                       # the daemon again",
            "millrace rollback delays", "millrace why delays", "millrace events",
            "millrace plugin list", "millrace --help",
        ] {
            input.out.line("  \(line)")
        }
        return .success
    }
}
