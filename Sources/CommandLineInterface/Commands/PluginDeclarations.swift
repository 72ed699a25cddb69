import Console
import Daemon
import Millrace
import Runtime

/// All plugins that there are: those that are built in, and the programs that a workspace's settings
/// declare, where the command is about a workspace.
struct PluginDeclarations {
    let list: [PluginDeclaration]

    init(_ registry: PluginRegistry, _ input: Invocation) {
        let builtIn = registry.types.map { PluginDeclaration($0) }
        // Outside a workspace, and with settings that are wrong, there are the others all the same.
        guard let layout = try? Shared.layout(input),
            let settings = try? CheckedSettings.read(layout, registry).settings
        else {
            list = builtIn
            return
        }
        list =
            builtIn
            + settings.externalPlugins.sorted { $0.key < $1.key }.map {
                PluginDeclaration($0.value, named: $0.key)
            }
    }

    /// - Throws: with the names that may have been meant.
    func plugin(named name: String) throws(CommandFailure) -> PluginDeclaration {
        if let found = list.first(where: { $0.name == name }) { return found }
        let names = list.map(\.name)
        let meant = suggestions(for: name, among: names)
        let known = (meant.isEmpty ? names : meant).joined(separator: ", ")
        throw CommandFailure(
            .missing, "there is no plugin '\(name)'",
            advice: Text((meant.isEmpty ? "there are: " : "did you mean: ") + known))
    }
}

extension PluginDeclaration {
    /// A program, as the settings declare it.
    init(_ external: ExternalPlugin, named name: String) {
        let members: [JSONValue.Member]
        if case .object(let found) = external.settings { members = found } else { members = [] }
        self.init(
            name: name, summary: "The program code/plugins/\(external.program) of this workspace.",
            program: external.program,
            reactsTo: external.reactsTo.map {
                Reaction(type: $0, about: external.about, coalesces: external.coalesces)
            },
            emits: external.emits, jobs: [],
            settings: members.map {
                Setting(key: $0.key, kind: "as set", defaultValue: $0.value, help: nil)
            })
    }
}
