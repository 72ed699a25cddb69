/// A command as it is declared: parsing, help pages and completion all follow from this.
package struct Command: Sendable {
    package typealias Action = @Sendable (Invocation) async throws -> ExitCode

    /// A line to type and what it does, without the program's name: `events --follow`.
    package struct Example: Sendable {
        package let line: String
        package let meaning: String

        package init(_ line: String, _ meaning: String) {
            self.line = line
            self.meaning = meaning
        }
    }

    package let name: String
    /// One line, without a full stop.
    package let summary: String
    /// Paragraphs for the command's own help page; line breaks are paragraphs.
    package let discussion: String
    package let examples: [Example]
    package let options: [any CommandOption]
    package let arguments: [any CommandArgument]
    package let subcommands: [Command]
    /// The heading under which the parent's help page lists the command.
    package let group: String
    /// False: works, but help pages and completion do not offer it.
    package let isListed: Bool
    let run: Action?

    package init(
        _ name: String, summary: String, discussion: String = "", group: String = "Commands",
        examples: [Example] = [], options: [any CommandOption] = [],
        arguments: [any CommandArgument] = [], isListed: Bool = true, run: @escaping Action
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.examples = examples
        self.options = options
        self.arguments = arguments
        subcommands = []
        self.group = group
        self.isListed = isListed
        self.run = run
    }

    /// A command that only holds others: `millrace plugin list`. Its options may be given to any of
    /// them, before or after their names.
    package init(
        _ name: String, summary: String, discussion: String = "", group: String = "Commands",
        examples: [Example] = [], options: [any CommandOption] = [], subcommands: [Command]
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.examples = examples
        self.options = options
        arguments = []
        self.subcommands = subcommands
        self.group = group
        isListed = true
        run = nil
    }

    var listedSubcommands: [Command] { subcommands.filter(\.isListed) }
}

extension Command {
    /// Mistakes in the declarations of this command and those below, for a test to find: names given
    /// twice, arguments that can never be reached.
    package func declarationProblems(inherited: [OptionDeclaration] = []) -> [String] {
        var problems: [String] = []
        let all = inherited + options.map(\.declaration)
        var seen: Set<String> = ["--help", "-h"]
        for option in all {
            for name in ["--" + option.name] + (option.short.map { ["-\($0)"] } ?? [])
            where !seen.insert(name).inserted {
                problems.append("\(self.name): \(name) is declared twice")
            }
        }
        let positions = arguments.map(\.declaration)
        var optionalSeen = false
        for (index, argument) in positions.enumerated() {
            if argument.takesMany, index < positions.count - 1 {
                problems.append("\(name): nothing can follow \(argument.usage)")
            }
            if argument.isRequired, optionalSeen {
                problems.append("\(name): \(argument.name) is required after an optional one")
            }
            optionalSeen = optionalSeen || !argument.isRequired
        }
        if Set(positions.map(\.name)).count < positions.count {
            problems.append("\(name): two arguments have one name")
        }
        if Set(subcommands.map(\.name)).count < subcommands.count {
            problems.append("\(name): two subcommands have one name")
        }
        return problems + subcommands.flatMap { $0.declarationProblems(inherited: all) }
    }
}
