/// One command with everything that can be typed after it, for the writers of completion scripts.
struct CompletionNode {
    /// The names from the root, without the program's own.
    let path: [String]
    let command: Command
    /// The command's options and those of the commands above it.
    let options: [OptionDeclaration]

    var key: String { path.joined(separator: " ") }

    /// The command and all listed commands below it.
    static func all(below root: Command) -> [CompletionNode] {
        collect(root, path: [], inherited: [])
    }

    private static func collect(
        _ command: Command, path: [String], inherited: [OptionDeclaration]
    ) -> [CompletionNode] {
        let options = command.options.map(\.declaration) + inherited
        let node = CompletionNode(path: path, command: command, options: options)
        return [node]
            + command.listedSubcommands.flatMap {
                collect($0, path: path + [$0.name], inherited: options)
            }
    }
}

extension OptionDeclaration {
    /// Every spelling: `--workspace`, `-w`.
    var spellings: [String] { ["--" + name] + (short.map { ["-\($0)"] } ?? []) }

    /// True: the word after the option is its value.
    var takesNextWord: Bool { if case .value = arity { true } else { false } }

    var takesValue: Bool { if case .flag = arity { false } else { true } }
}

/// A word for a POSIX shell, in single quotes.
func shellQuoted(_ text: String) -> String {
    var quoted = "'"
    for character in sanitized(text) {
        if character == "'" { quoted += "'\\''" } else { quoted.append(character) }
    }
    return quoted + "'"
}
