import Console
import Millrace
import Runtime

/// `millrace plugin`: what the plugins are, from their declarations.
struct PluginCommand {
    let registry: PluginRegistry

    private static let plugin = Argument.required(
        "NAME", ValueType.text, help: "the name of a plugin")

    var command: Command {
        Command(
            "plugin", summary: "the plugins, built in and of this workspace", group: "Look",
            subcommands: [list, show, new])
    }

    private var list: Command {
        let registry = registry
        return Command(
            "list", summary: "the plugins, and what each does",
            examples: [.init("plugin list", "name and purpose of each")],
            options: [Shared.json, Shared.workspace]
        ) { input in
            let plugins = PluginDeclarations(registry, input).list
            if input[Shared.json] {
                try Reading.write(plugins, to: input.out)
                return .success
            }
            let items = plugins.map { (term: Text($0.name, .name), explanation: $0.summary) }
            input.out.lines(
                definitionList(items, width: input.out.terminal.width, indent: 0))
            if plugins.isEmpty { input.out.line("no plugins are built into this program") }
            return .success
        }
    }

    private var show: Command {
        let registry = registry
        return Command(
            "show", summary: "what a plugin reacts to, what it emits, and its settings",
            examples: [.init("plugin show validator", "everything about one")],
            options: [Shared.json, Shared.workspace], arguments: [PluginCommand.plugin]
        ) { input in
            let declaration = try PluginDeclarations(registry, input).plugin(
                named: input[PluginCommand.plugin])
            if input[Shared.json] {
                try Reading.write(declaration, to: input.out)
            } else {
                input.out.lines(PluginPage(plugin: declaration).lines(for: input.out.terminal))
            }
            return .success
        }
    }
}

/// What a plugin declares; the shape of `millrace plugin show --json`.
struct PluginDeclaration: Codable, Sendable {
    var name: String
    var summary: String
    /// The file in `code/plugins/` that it is; nil for one that is built in.
    var program: String?
    var reactsTo: [Reaction]
    /// Event types.
    var emits: [String]
    var jobs: [String]
    var settings: [Setting]
    /// What to begin with in `millrace.json`: the settings as they are when nothing is said.
    var example: JSONValue?

    struct Reaction: Codable, Sendable {
        var type: String
        /// Only events about this kind of subject.
        var about: String?
        /// One call may stand for all events of a subject that wait.
        var coalesces: Bool
    }

    struct Setting: Codable, Sendable {
        /// The keys that lead to it, joined by dots; `*` stands for any.
        var key: String
        var kind: String
        var defaultValue: JSONValue?
        var help: String?
    }

    init(_ type: any Plugin.Type) {
        self = PluginDeclaration.make(type)
    }

    init(
        name: String, summary: String, program: String? = nil, reactsTo: [Reaction],
        emits: [String], jobs: [String], settings: [Setting], example: JSONValue? = nil
    ) {
        self.name = name
        self.summary = summary
        self.program = program
        self.reactsTo = reactsTo
        self.emits = emits
        self.jobs = jobs
        self.settings = settings
        self.example = example
    }

    private static func make<P: Plugin>(_ type: P.Type) -> PluginDeclaration {
        let plugin = RegisteredPlugin(P(settings: P.Settings()))
        let settings = try? exampleSettings(P.Settings.self)
        return PluginDeclaration(
            name: P.name.rawValue, summary: P.summary,
            reactsTo: plugin.reactions.map {
                Reaction(type: $0.type, about: $0.subjectKind, coalesces: $0.coalesces)
            },
            emits: plugin.emits.sorted(), jobs: P.jobs.map { job in job.name },
            settings: describeSettings(P.Settings.self).map {
                Setting(
                    key: $0.path.joined(separator: "."), kind: $0.kind,
                    defaultValue: $0.defaultValue, help: $0.help)
            },
            example: settings.map { ["plugins": [P.name.rawValue: $0]] })
    }
}

/// A plugin for people.
struct PluginPage {
    let plugin: PluginDeclaration

    func lines(for terminal: Terminal) -> [Text] {
        var sections: [[Text]] = [
            ["\(plugin.name, .name)"]
                + wrapped(plugin.summary, width: terminal.width).map { Text($0) },
            [Text("Reacts to:", .strong)]
                + plugin.reactsTo.map { reaction in
                    let about = reaction.about.map { " about \($0)" } ?? ""
                    let together = reaction.coalesces ? ", those that wait together at once" : ""
                    return "  \(reaction.type, .name)\(about)\(together)"
                },
            [Text("Emits:", .strong)] + plugin.emits.map { "  \($0, .name)" },
        ]
        if !plugin.jobs.isEmpty {
            sections.append(
                [Text("Jobs, each in a process of its own:", .strong)]
                    + plugin.jobs.map { "  \($0)" })
        }
        if plugin.settings.isEmpty {
            sections.append(["It has no settings."])
        } else {
            let place =
                plugin.program == nil
                ? "plugins.\(plugin.name)" : "externalPlugins.\(plugin.name).settings"
            let title: Text = "\("Settings", .strong), in millrace.json under \(place):"
            let items = plugin.settings.map { setting in
                let value = setting.defaultValue.map {
                    let words = plugin.program == nil ? "default: " : ""
                    return " (\(words)\(String(decoding: $0.bytes, as: UTF8.self)))"
                }
                let help = setting.help.map { "\($0): " } ?? ""
                return (
                    term: Text(setting.key, .name),
                    explanation: help + setting.kind + (value ?? "")
                )
            }
            sections.append([title] + definitionList(items, width: terminal.width))
            if let example = plugin.example {
                sections.append(
                    [Text("Example:", .strong)]
                        + example.pretty().split(separator: "\n").map { Text("  \($0)") })
            }
        }
        return Array(sections.joined(separator: [Text()]))
    }
}
