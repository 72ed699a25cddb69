/// A completion script for zsh: one function a command, each a call of zsh's own `_arguments`.
struct ZshCompletion {
    let root: Command

    var script: String {
        let nodes = CompletionNode.all(below: root)
        let main = function([])
        return """
            #compdef \(root.name)
            # zsh completion for \(root.name); written by `\(root.name) completion zsh`.

            \(nodes.map(body).joined(separator: "\n\n"))

            if [[ ${funcstack[1]} == \(main) ]]; then
                \(main) "$@"
            else
                compdef \(main) \(root.name)
            fi

            """
    }

    private func function(_ path: [String]) -> String {
        let name = ([root.name] + path).joined(separator: "_")
        return "_" + name.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
    }

    private func body(of node: CompletionNode) -> String {
        let subcommands = node.command.listedSubcommands
        var specs = node.options.map(spec) + ["'(-h --help)'{-h,--help}'[show help]'"]
        if subcommands.isEmpty {
            specs += argumentSpecs(node.command)
            return """
                \(function(node.path))() {
                    _arguments -s -S \(specs.joined(separator: " \\\n        "))
                }
                """
        }
        specs += ["'1: :->command'", "'*:: :->rest'"]
        let names = subcommands.map { shellQuoted("\($0.name):\($0.summary)") }
        let cases = subcommands.map {
            "            \(shellQuoted($0.name))) \(function(node.path + [$0.name])) ;;"
        }
        return """
            \(function(node.path))() {
                local context state state_descr line
                typeset -A opt_args
                _arguments -C -s -S \(specs.joined(separator: " \\\n        "))
                case $state in
                    command)
                        local -a commands=(
                            \(names.joined(separator: "\n                "))
                        )
                        _describe -t commands command commands ;;
                    rest)
                        case ${line[1]} in
            \(cases.joined(separator: "\n"))
                        esac ;;
                esac
            }
            """
    }

    /// One option in the notation of `_arguments`: `'(-w --workspace)'{-w+,--workspace=}'[help]:DIR:…'`.
    private func spec(_ option: OptionDeclaration) -> String {
        let help = "[" + escaped(option.help, "[]:\\") + "]"
        var value = ""
        if option.takesValue {
            let colon = option.takesNextWord ? ":" : "::"
            value = colon + escaped(option.placeholder, ":\\") + ":" + action(option.candidates)
        }
        let long =
            "--" + option.name
            + (option.takesNextWord ? "=" : option.takesValue ? "=-" : "")
        let prefix = option.mayRepeat ? "*" : ""
        guard let short = option.short else { return shellQuoted(prefix + long + help + value) }
        let exclusive = option.mayRepeat ? "'*'" : "'(-\(short) --\(option.name))'"
        return exclusive + "{-\(short)\(option.takesNextWord ? "+" : ""),\(long)}"
            + shellQuoted(help + value)
    }

    private func argumentSpecs(_ command: Command) -> [String] {
        command.arguments.map(\.declaration).enumerated().map { index, argument in
            let place = argument.takesMany ? "*" : "\(index + 1)"
            let colon = argument.isRequired || argument.takesMany ? ":" : "::"
            return shellQuoted(
                place + colon + escaped(argument.name, ":\\") + ":" + action(argument.candidates))
        }
    }

    private func action(_ candidates: Candidates) -> String {
        switch candidates {
        case .nothing: " "
        case .words(let words):
            "(" + words.map { escaped($0, " ()\\:") }.joined(separator: " ") + ")"
        case .commands:
            "(" + root.listedSubcommands.map(\.name).joined(separator: " ") + ")"
        case .files: "_files"
        case .directories: "_files -/"
        }
    }

    private func escaped(_ text: String, _ special: String) -> String {
        text.map { special.contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}
