/// A completion script for bash 4 and later that needs nothing but bash.
struct BashCompletion {
    let root: Command

    var script: String {
        let nodes = CompletionNode.all(below: root)
        let function =
            "_" + root.name.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
        return """
            # bash completion for \(root.name); written by `\(root.name) completion bash`.
            \(function)() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
                local path='' option='' word i
                COMPREPLY=()
                # Which command has been typed; values of options are stepped over.
                for ((i = 1; i < COMP_CWORD; i++)); do
                    word=${COMP_WORDS[i]}
                    case "$path|$word" in
            \(valueOptions(nodes, indent: 12))
                    esac
                    case "$path|$word" in
            \(steps(nodes, indent: 12))
                    esac
                done
                # `--name=value` arrives as three words.
                if [[ $cur == '=' ]]; then
                    option=$prev cur=''
                elif [[ $prev == '=' ]]; then
                    option=${COMP_WORDS[COMP_CWORD-2]}
                elif [[ $prev == -* ]]; then
                    option=$prev
                fi
                case "$path|$option" in
            \(optionValues(nodes, indent: 8))
                esac
                case "$path" in
            \(commandWords(nodes, indent: 8))
                esac
            }
            complete -F \(function) \(root.name)

            """
    }

    /// Stepping over `--name value`; `--name = value` is one word more.
    private func valueOptions(_ nodes: [CompletionNode], indent: Int) -> String {
        let patterns = nodes.flatMap { node in
            node.options.filter(\.takesNextWord).flatMap(\.spellings).map {
                shellQuoted("\(node.key)|\($0)")
            }
        }
        let margin = String(repeating: " ", count: indent)
        if patterns.isEmpty { return margin + "'') ;;" }
        return margin + patterns.joined(separator: " | ") + ")\n"
            + margin + "    [[ ${COMP_WORDS[i+1]} == '=' ]] && ((i++))\n"
            + margin + "    ((i++)); continue ;;"
    }

    private func steps(_ nodes: [CompletionNode], indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        let lines = nodes.flatMap { node in
            node.command.listedSubcommands.map { next in
                let key = (node.path + [next.name]).joined(separator: " ")
                return margin + shellQuoted("\(node.key)|\(next.name)")
                    + ") path=\(shellQuoted(key)) ;;"
            }
        }
        return lines.isEmpty ? margin + "'') ;;" : lines.joined(separator: "\n")
    }

    private func optionValues(_ nodes: [CompletionNode], indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        let lines = nodes.flatMap { node in
            node.options.filter(\.takesNextWord).map { option in
                let patterns = option.spellings.map { shellQuoted("\(node.key)|\($0)") }
                return margin + patterns.joined(separator: " | ") + ") "
                    + offer(option.candidates) + "; return ;;"
            }
        }
        return lines.isEmpty ? margin + "'') ;;" : lines.joined(separator: "\n")
    }

    private func commandWords(_ nodes: [CompletionNode], indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        return nodes.map { node in
            let options = node.options.flatMap(\.spellings) + ["--help"]
            let words = node.command.listedSubcommands.map(\.name)
            let candidates: Candidates
            if words.isEmpty {
                candidates = node.command.arguments.last?.declaration.candidates ?? .nothing
            } else {
                candidates = .words(words)
            }
            return """
                \(margin)\(shellQuoted(node.key)))
                \(margin)    if [[ $cur == -* ]]; then
                \(margin)        \(offer(.words(options)))
                \(margin)    else
                \(margin)        \(offer(candidates))
                \(margin)    fi ;;
                """
        }.joined(separator: "\n")
    }

    private func offer(_ candidates: Candidates) -> String {
        switch candidates {
        case .nothing: return ":"
        case .words(let words): return wordList(words)
        case .commands: return wordList(root.listedSubcommands.map(\.name))
        case .files:
            return "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames"
        case .directories:
            return "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); compopt -o filenames"
        }
    }

    private func wordList(_ words: [String]) -> String {
        "mapfile -t COMPREPLY < <(compgen -W \(shellQuoted(words.joined(separator: " "))) "
            + "-- \"$cur\")"
    }
}
