/// A completion script for fish: a function that tells which command has been typed, and a line for
/// everything that can follow each.
struct FishCompletion {
    let root: Command

    var script: String {
        let nodes = CompletionNode.all(below: root)
        return """
            # fish completion for \(root.name); written by `\(root.name) completion fish`.
            function \(function)
                set -l words (commandline -opc)
                set -e words[1]
                set -l path ''
                set -l skip 0
                for word in $words
                    if test $skip -eq 1
                        set skip 0
                        continue
                    end
                    switch "$path|$word"
            \(steps(nodes))
                    end
                end
                test "$path" = "$argv"
            end

            complete -c \(root.name) -f
            \(nodes.flatMap(lines).joined(separator: "\n"))

            """
    }

    private var function: String {
        "__" + root.name.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined() + "_at"
    }

    private func steps(_ nodes: [CompletionNode]) -> String {
        var lines: [String] = []
        for node in nodes {
            let options = node.options.filter(\.takesNextWord).flatMap(\.spellings).map {
                quoted("\(node.key)|\($0)")
            }
            if !options.isEmpty {
                lines.append("            case " + options.joined(separator: " "))
                lines.append("                set skip 1")
            }
            for next in node.command.listedSubcommands {
                let key = (node.path + [next.name]).joined(separator: " ")
                lines.append("            case " + quoted("\(node.key)|\(next.name)"))
                lines.append("                set path " + quoted(key))
            }
        }
        return lines.joined(separator: "\n")
    }

    private func lines(for node: CompletionNode) -> [String] {
        let start =
            "complete -c \(root.name) -n "
            + quoted(function + " " + quotedInside(node.key)) + " "
        var lines = node.command.listedSubcommands.map {
            start + "-a \(quoted($0.name)) -d \(quoted($0.summary))"
        }
        for option in node.options {
            var line = start + "-l \(option.name)"
            if let short = option.short { line += " -s \(short)" }
            // An optional value is attached, which fish does not complete.
            if option.takesNextWord { line += " -r " + offer(option.candidates) }
            lines.append(line + " -d \(quoted(option.help))")
        }
        lines.append(start + "-s h -l help -d 'show help'")
        if let argument = node.command.arguments.last?.declaration,
            argument.candidates != .nothing
        {
            lines.append(start + offer(argument.candidates) + " -d \(quoted(argument.name))")
        }
        return lines
    }

    private func offer(_ candidates: Candidates) -> String {
        switch candidates {
        case .nothing: "-f"
        case .words(let words): "-f -a " + quoted(words.joined(separator: " "))
        case .commands:
            "-f -a " + quoted(root.listedSubcommands.map(\.name).joined(separator: " "))
        case .files: "-F"
        case .directories: "-f -a '(__fish_complete_directories)'"
        }
    }

    /// In fish's single quotes only the quote and the backslash are special.
    private func quoted(_ text: String) -> String {
        let inside = sanitized(text).map { character in
            character == "'" || character == "\\" ? "\\\(character)" : String(character)
        }
        return "'" + inside.joined() + "'"
    }

    private func quotedInside(_ text: String) -> String { "\"" + text + "\"" }
}
