import Glibc

/// A program made of commands: it reads the line, answers `--help`, `help`, `--version` and
/// `completion` itself, runs the command, and turns every ending into an exit code.
package struct Program: Sendable {
    package let root: Command
    package let version: String
    private let explain: @Sendable (any Error) -> CommandFailure?

    /// - Parameters:
    ///   - root: a command that only holds others; `help` and `completion` are added to it.
    ///   - explain: turns an error of the layers below into a failure with a code and advice; nil for
    ///     an error it does not know.
    package init(
        _ root: Command, version: String,
        explain: @escaping @Sendable (any Error) -> CommandFailure? = { _ in nil }
    ) {
        self.root = Command(
            root.name, summary: root.summary, discussion: root.discussion, group: root.group,
            examples: root.examples, options: root.options + [Self.noColor],
            subcommands: root.subcommands + [Self.helpCommand, Self.completionCommand(root.name)])
        self.version = version
        self.explain = explain
    }

    /// `--no-color`, known to every command.
    package static let noColor = Option.flag(
        "no-color", help: "no colours, as with NO_COLOR in the environment")

    private static let helpTopic = Argument.rest(
        "COMMAND",
        ValueType(
            placeholder: "COMMAND", expectation: "the name of a command", candidates: .commands,
            parse: \.text),
        help: "the command to explain; without one, the list of all")
    private static let shell = Argument<Shell>.required(
        "SHELL", .choice(), help: "the shell to write for")

    /// Runs one command line and says how it ended. Nothing is thrown and nothing exits, but the
    /// streams' own answer to a reader who left.
    ///
    /// - Parameter line: the words after the program's name.
    package func run(_ line: [RawArgument], _ streams: Streams) async -> ExitCode {
        // Before parsing, so that an error about this very line is without colour too.
        let isPlain = line.prefix { $0.text != "--" }.contains { $0.text == "--no-color" }
        let streams = isPlain ? streams.withoutColor : streams
        var code: ExitCode
        do {
            var parser = Parser(root: root, programName: root.name, streams: streams)
            if line.isEmpty {
                streams.err.lines(page([root], streams.err.terminal))
                code = .usage
            } else {
                code = try await perform(try parser.parse(line), streams)
            }
        } catch let failure as CommandFailure {
            code = report(failure, streams)
        } catch {
            let unknown = CommandFailure(.work, "\(String(describing: error))")
            code = report(explain(error) ?? unknown, streams)
        }
        return finish(code, streams)
    }

    private func perform(
        _ outcome: Parser.Outcome, _ streams: Streams
    ) async throws -> ExitCode {
        switch outcome {
        case .help(let path):
            streams.out.lines(page(path, streams.out.terminal))
            return .success
        case .version:
            streams.out.line("\(root.name) \(version)")
            return .success
        case .run(_, let invocation) where invocation.path == ["help"]:
            streams.out.lines(page(try find(invocation[Self.helpTopic]), streams.out.terminal))
            return .success
        case .run(_, let invocation) where invocation.path == ["completion"]:
            streams.out.write(completionScript(for: invocation[Self.shell]))
            return .success
        case .run(let action, let invocation):
            return try await action(invocation)
        }
    }

    /// The script that teaches a shell to complete this program's commands.
    package func completionScript(for shell: Shell) -> String {
        switch shell {
        case .bash: BashCompletion(root: root).script
        case .zsh: ZshCompletion(root: root).script
        case .fish: FishCompletion(root: root).script
        }
    }

    private func page(_ path: [Command], _ terminal: Terminal) -> [Text] {
        HelpPage(programName: root.name, path: path, terminal: terminal).lines()
    }

    private func find(_ names: [String]) throws(CommandFailure) -> [Command] {
        var path = [root]
        var typed = root.name
        for name in names {
            let commands = path.last?.subcommands ?? []
            guard let next = commands.first(where: { $0.name == name }) else {
                let meant = suggestions(for: name, among: commands.map(\.name)).map {
                    ([root.name, "help"] + path.dropFirst().map(\.name) + [$0])
                        .joined(separator: " ")
                }
                let all = "All commands: \(typed) --help"
                throw CommandFailure(
                    .usage, "unknown command '\(name)'",
                    advice: Text([didYouMean(meant), all].compactMap { $0 }.joined(separator: " ")))
            }
            path.append(next)
            typed += " " + name
        }
        return path
    }

    private func report(_ failure: CommandFailure, _ streams: Streams) -> ExitCode {
        // Results first, where both go to one place.
        streams.out.flush()
        streams.err.line(Text("\(root.name): ", .bad) + failure.message)
        if let advice = failure.advice { streams.err.line(advice) }
        return failure.code
    }

    private func finish(_ code: ExitCode, _ streams: Streams) -> ExitCode {
        streams.out.flush()
        defer { streams.err.flush() }
        guard let problem = streams.out.problem else { return code }
        let reason = String(cString: strerror(problem))
        streams.err.line(
            Text("\(root.name): ", .bad) + "the output could not be written: \(reason)")
        streams.err.line("Write to a place with space, and run the command again.")
        return code == .success || code == .negative ? .system : code
    }

    private static let helpCommand = Command(
        "help", summary: "explain a command", group: "Help",
        examples: [.init("help", "all commands")], arguments: [helpTopic]
    ) { _ in .success }

    private static func completionCommand(_ name: String) -> Command {
        Command(
            "completion", summary: "print the completion script for a shell",
            discussion: "The script completes commands, options and their values.",
            group: "Help",
            examples: [
                .init("completion bash > /etc/bash_completion.d/\(name)", "for all, in bash"),
                .init("completion zsh > ~/.zfunc/_\(name)", "for a folder of fpath, in zsh"),
                .init("completion fish > ~/.config/fish/completions/\(name).fish", "in fish"),
            ], arguments: [shell]
        ) { _ in .success }
    }
}

/// The shells that completion scripts are made for.
package enum Shell: String, CaseIterable, Sendable {
    case bash
    case zsh
    case fish
}
