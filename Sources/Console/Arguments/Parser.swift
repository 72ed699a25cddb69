/// Reads a command line by the conventions of POSIX and GNU: `--name value`, `--name=value`, `-n value`,
/// `-nvalue`, clusters of flags (`-ab`), options anywhere among the arguments, and `--` after which
/// every word is an argument. A word such as `-5` is a number unless `-5` is an option.
struct Parser {
    /// What the line asks for.
    enum Outcome {
        case run(Command.Action, Invocation)
        case help(path: [Command])
        case version
    }

    private let programName: String
    private let streams: Streams
    private(set) var path: [Command]
    private var known: [OptionDeclaration]
    private var options: [String: [any Sendable]] = [:]
    private var words: [RawArgument] = []

    init(root: Command, programName: String, streams: Streams) {
        self.programName = programName
        self.streams = streams
        path = [root]
        known = root.options.map(\.declaration)
    }

    private var command: Command { path[path.count - 1] }

    /// The command as a person types it: `millrace plugin list`.
    var typed: String {
        ([programName] + path.dropFirst().map(\.name)).joined(separator: " ")
    }

    private var helpAdvice: Text { "See: \(typed) --help" }

    mutating func parse(_ line: [RawArgument]) throws(CommandFailure) -> Outcome {
        do throws(CommandFailure) {
            return try parseStrictly(line)
        } catch {
            // Who asks for help is not told first that the rest of the line is wrong.
            let beforeEnd = line.prefix { $0.text != "--" }
            if beforeEnd.contains(where: { $0.text == "--help" || $0.text == "-h" }) {
                return .help(path: path)
            }
            throw error
        }
    }

    private mutating func parseStrictly(
        _ line: [RawArgument]
    ) throws(CommandFailure) -> Outcome {
        var rest = line[...]
        while let word = rest.popFirst() {
            if word.text == "--" {
                try takeWords(rest)
                break
            }
            let isOption = word.bytes.count > 1 && word.hasPrefix("-")
            if !isOption || (word.looksLikeNegativeNumber && option(short: word) == nil) {
                try takeWords([word])
            } else if word.text == "--help" || word.text == "-h" {
                return .help(path: path)
            } else if word.text == "--version", path.count == 1 {
                return .version
            } else if word.hasPrefix("--") {
                try takeLong(word, &rest)
            } else if try takeCluster(word, &rest) == .help {
                return .help(path: path)
            }
        }
        guard let run = command.run else {
            let code = ExitCode.usage
            throw CommandFailure(code, "\(typed) needs a command", advice: helpAdvice)
        }
        let names = path.dropFirst().map(\.name)
        return .run(
            run,
            Invocation(
                path: Array(names), options: options, arguments: try assignedWords(),
                streams: streams))
    }

    // MARK: Words

    private mutating func takeWords(_ more: ArraySlice<RawArgument>) throws(CommandFailure) {
        for word in more {
            if command.subcommands.isEmpty {
                words.append(word)
            } else if let next = command.subcommands.first(where: { $0.name == word.text }) {
                path.append(next)
                known += next.options.map(\.declaration)
            } else {
                throw unknownCommand(word)
            }
        }
    }

    private func unknownCommand(_ word: RawArgument) -> CommandFailure {
        let names = command.listedSubcommands.map(\.name)
        let meant = suggestions(for: word.text ?? "", among: names).map { typed + " " + $0 }
        let advice = [didYouMean(meant), "All commands: \(typed) --help"].compactMap { $0 }
        return CommandFailure(
            .usage, "unknown command \(word.quoted)", advice: Text(advice.joined(separator: " ")))
    }

    private func assignedWords() throws(CommandFailure) -> [String: [any Sendable]] {
        var values: [String: [any Sendable]] = [:]
        var rest = words[...]
        for argument in command.arguments.map(\.declaration) {
            let taken = argument.takesMany ? rest : rest.prefix(1)
            rest = rest.dropFirst(taken.count)
            if taken.isEmpty, argument.isRequired {
                throw CommandFailure(
                    .usage, "\(typed) needs \(argument.name): \(argument.help)",
                    advice: helpAdvice)
            }
            for word in taken {
                guard let value = argument.parse(word) else {
                    throw refused(
                        argument.name, word, argument.expectation, argument.candidates.words)
                }
                values[argument.name, default: []].append(value)
            }
        }
        if let extra = rest.first {
            let what = command.arguments.isEmpty ? "no arguments" : "no more arguments"
            throw CommandFailure(
                .usage, "\(typed) takes \(what), but got \(extra.quoted)", advice: helpAdvice)
        }
        return values
    }

    // MARK: Options

    private func option(short word: RawArgument) -> OptionDeclaration? {
        guard let character = word.text?.dropFirst().first else { return nil }
        return known.first { $0.short == character }
    }

    private mutating func takeLong(
        _ word: RawArgument, _ rest: inout ArraySlice<RawArgument>
    ) throws(CommandFailure) {
        let (dashed, attached) = word.splitAtEquals()
        guard let option = known.first(where: { dashed.text == "--" + $0.name }) else {
            throw unknownOption(dashed)
        }
        try take(option, shown: "--" + option.name, attached, &rest)
    }

    private enum ClusterEnding {
        case taken
        case help
    }

    private mutating func takeCluster(
        _ word: RawArgument, _ rest: inout ArraySlice<RawArgument>
    ) throws(CommandFailure) -> ClusterEnding {
        var letters = word.bytes.dropFirst()
        while let letter = letters.popFirst() {
            let shown = "-" + sanitized(bytes: [letter])
            let character = Character(Unicode.Scalar(letter))
            guard letter < 0x80, let option = known.first(where: { $0.short == character }) else {
                if character == "h" { return .help }
                throw unknownOption(RawArgument(bytes: [UInt8(ascii: "-"), letter]), in: word)
            }
            if case .flag = option.arity {
                try take(option, shown: shown, nil, &rest)
                continue
            }
            // The rest of the word is the value, with or without an equals sign.
            var attached = letters.isEmpty ? nil : RawArgument(bytes: Array(letters))
            if letters.first == UInt8(ascii: "=") {
                attached = RawArgument(bytes: Array(letters.dropFirst()))
            }
            try take(option, shown: shown, attached, &rest)
            break
        }
        return .taken
    }

    private mutating func take(
        _ option: OptionDeclaration, shown: String, _ attached: RawArgument?,
        _ rest: inout ArraySlice<RawArgument>
    ) throws(CommandFailure) {
        if !option.mayRepeat, options[option.name] != nil {
            throw CommandFailure(
                .usage, "\(shown) was given twice", advice: "Give it once. \(helpAdvice)")
        }
        let word: RawArgument
        switch (option.arity, attached) {
        case (.flag, nil):
            options[option.name, default: []].append(true)
            return
        case (.flag, .some(let value)):
            throw CommandFailure(
                .usage, "\(shown) takes no value, but got \(value.quoted)",
                advice: "Type only \(shown). \(helpAdvice)")
        case (.optionalValue(let implied), nil):
            options[option.name, default: []].append(implied)
            return
        case (_, .some(let value)): word = value
        case (.value, nil): word = try followingValue(option, shown, &rest)
        }
        guard let value = option.parse(word) else {
            throw refused(shown, word, option.expectation, option.candidates.words)
        }
        options[option.name, default: []].append(value)
    }

    private func followingValue(
        _ option: OptionDeclaration, _ shown: String, _ rest: inout ArraySlice<RawArgument>
    ) throws(CommandFailure) -> RawArgument {
        if let next = rest.first {
            let isOption = next.bytes.count > 1 && next.hasPrefix("-")
            if !isOption || next.looksLikeNegativeNumber {
                rest.removeFirst()
                return next
            }
        }
        throw CommandFailure(
            .usage, "\(shown) needs a value (\(option.placeholder))",
            advice:
                "A value that begins with a dash is attached: --\(option.name)=-x. \(helpAdvice)")
    }

    private func unknownOption(
        _ dashed: RawArgument, in cluster: RawArgument? = nil
    ) -> CommandFailure {
        var message: Text = "\(typed) has no option \(dashed.quoted)"
        if let cluster, cluster.bytes.count > 2 { message += " (in \(cluster.quoted))" }
        let name = dashed.text?.drop { $0 == "-" } ?? ""
        let names = known.map(\.name) + ["help"]
        let meant = suggestions(for: String(name), among: names).map { "--" + $0 }
        var advice = didYouMean(meant)
        if advice == nil, let owner = owner(of: dashed) {
            advice = "Options follow their command: \(owner) \(dashed.text ?? "")."
        }
        let all = "All options: \(typed) --help"
        return CommandFailure(
            .usage, message, advice: Text([advice, all].compactMap { $0 }.joined(separator: " ")))
    }

    /// The command below this one that has the option, when it was typed too early.
    private func owner(of dashed: RawArgument) -> String? {
        let owners = command.listedSubcommands.filter { candidate in
            candidate.options.contains {
                "--" + $0.declaration.name == dashed.text
                    || $0.declaration.short.map { "-\($0)" } == dashed.text
            }
        }
        if owners.count > 1 { return typed + " COMMAND" }
        return owners.first.map { typed + " " + $0.name }
    }

    private func refused(
        _ shown: String, _ word: RawArgument, _ expectation: String, _ words: [String]
    ) -> CommandFailure {
        let meant = didYouMean(suggestions(for: word.text ?? "", among: words))
        return CommandFailure(
            .usage, "\(shown) takes \(expectation), not \(word.quoted)",
            advice: meant.map { Text($0) } ?? helpAdvice)
    }
}
