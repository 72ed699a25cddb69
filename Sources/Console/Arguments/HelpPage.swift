/// The help page of a command, made from its declaration.
struct HelpPage {
    let programName: String
    /// From the root to the command.
    let path: [Command]
    let terminal: Terminal

    private static let widthMax = 100

    private var width: Int { min(terminal.width, Self.widthMax) }
    private var typed: String {
        ([programName] + path.dropFirst().map(\.name)).joined(separator: " ")
    }

    func lines() -> [Text] {
        guard let command = path.last else { return [] }
        let title = typed + (terminal.usesUnicode ? " — " : " - ") + command.summary
        var sections: [[Text]] = [
            wrapped(title, width: width).map { Text($0, .strong) },
            [Text("Usage: ", .strong) + Text(usage(of: command))],
        ]
        if !command.discussion.isEmpty {
            sections.append(wrapped(command.discussion, width: width).map { Text($0) })
        }
        sections += commandSections(command)
        if !command.arguments.isEmpty {
            sections.append(argumentSection(command.arguments.map(\.declaration)))
        }
        sections += optionSections()
        if !command.examples.isEmpty { sections.append(exampleSection(command.examples)) }
        if path.count == 1 {
            sections.append(exitCodeSection)
            sections.append([Text("Help for one command: \(programName) help COMMAND")])
        }
        return Array(sections.joined(separator: [Text()]))
    }

    private func usage(of command: Command) -> String {
        var parts = [typed]
        if !command.subcommands.isEmpty { parts.append("COMMAND") }
        parts.append("[options]")
        return (parts + command.arguments.map(\.declaration.usage)).joined(separator: " ")
    }

    private func commandSections(_ command: Command) -> [[Text]] {
        let listed = command.listedSubcommands
        var headings: [String] = []
        for group in listed.map(\.group) where !headings.contains(group) { headings.append(group) }
        let column = definitionColumn(listed.map { Text($0.name) }, width: width)
        return headings.map { heading in
            let items = listed.filter { $0.group == heading }.map {
                (term: Text($0.name, .name), explanation: $0.summary)
            }
            return [Text(heading + ":", .strong)]
                + definitionList(items, width: width, column: column)
        }
    }

    private func argumentSection(_ arguments: [ArgumentDeclaration]) -> [Text] {
        let items = arguments.map {
            (
                term: Text($0.usage, .name),
                explanation: $0.help + Self.note(default: $0.defaultText, $0.candidates.words)
            )
        }
        return [Text("Arguments:", .strong)] + definitionList(items, width: width)
    }

    private func optionSections() -> [[Text]] {
        var sections: [(heading: String, items: [(term: Text, explanation: String)])] = []
        func add(_ heading: String, _ usage: String, _ help: String) {
            if !sections.contains(where: { $0.heading == heading }) {
                sections.append((heading, []))
            }
            for index in sections.indices where sections[index].heading == heading {
                sections[index].items.append((Text(usage, .name), help))
            }
        }
        // The command's own options first, then those of the commands above.
        for command in path.reversed() {
            for option in command.options.map(\.declaration) {
                let words = option.placeholder.contains("|") ? [] : option.candidates.words
                let note = Self.note(default: option.defaultText, words)
                let repeats: String
                if case .value = option.arity, option.mayRepeat {
                    repeats = " (may be repeated)"
                } else {
                    repeats = ""
                }
                add(option.heading, option.usage, option.help + repeats + note)
            }
        }
        add("Options", "-h, --help", "show this page")
        if path.count == 1 {
            add("Options", "    --version", "show the version")
        }
        // One column for all sections, so that the page reads as one list.
        let column = definitionColumn(
            sections.flatMap { $0.items.map(\.term) }, width: width, termMax: 32)
        return sections.map { section in
            [Text(section.heading + ":", .strong)]
                + definitionList(section.items, width: width, column: column)
        }
    }

    private func exampleSection(_ examples: [Command.Example]) -> [Text] {
        let items = examples.map {
            (term: Text("\(programName) \($0.line)", .name), explanation: $0.meaning)
        }
        return [Text("Examples:", .strong)] + definitionList(items, width: width, termMax: 48)
    }

    private var exitCodeSection: [Text] {
        let items = ExitCode.allCases.map {
            (term: Text("\($0.rawValue)"), explanation: $0.meaning)
        }
        return [Text("Exit codes:", .strong)] + definitionList(items, width: width)
    }

    private static func note(default defaultText: String?, _ words: [String]) -> String {
        var note = words.isEmpty ? "" : "; one of " + words.joined(separator: ", ")
        if let defaultText { note += " (default: \(defaultText))" }
        return note
    }
}
