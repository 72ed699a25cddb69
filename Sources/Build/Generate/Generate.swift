// Foundation, only because PackagePlugin names places with its URL; this runs in builds alone.
import Foundation
import PackagePlugin

/// Writes the code that follows from folders: the registry of plugins for the program, and the files
/// of `workspace-template` for the module that embeds them.
@main
struct Generate: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let generator = try context.tool(named: "generator").url
        return target.name == "WorkspaceTemplate"
            ? [try embedding(context, generator)] : [registering(target, context, generator)]
    }

    /// The plugins that the target depends on: those of its modules that live in `Plugins/`.
    private func registering(
        _ target: any Target, _ context: PluginContext, _ generator: URL
    ) -> Command {
        let folder = context.package.directoryURL.appending(path: "Plugins").path + "/"
        let plugins = target.dependencies.compactMap { dependency -> String? in
            guard case .target(let module) = dependency else { return nil }
            return module.directoryURL.path.hasPrefix(folder) ? module.name : nil
        }
        let output = context.pluginWorkDirectoryURL.appending(path: "RegisteredPlugins.swift")
        return .buildCommand(
            displayName: "Registering \(plugins.count) plugins", executable: generator,
            arguments: ["registry", output.path] + plugins.sorted(), inputFiles: [],
            outputFiles: [output])
    }

    /// Runs in every build: SwiftPM asks this plugin again only when the package's own structure
    /// changes, so a list of the template's files made here would miss a folder added later. The
    /// command's only input is a file that the command itself rewrites; what it makes is rewritten
    /// only when it differs, so that nothing is compiled again in vain.
    private func embedding(_ context: PluginContext, _ generator: URL) throws -> Command {
        let template = context.package.directoryURL.appending(path: "workspace-template")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedTemplate.swift")
        let everyTime = context.pluginWorkDirectoryURL.appending(path: "every-time")
        if !FileManager.default.fileExists(atPath: everyTime.path) {
            try Data().write(to: everyTime)
        }
        return .buildCommand(
            displayName: "Embedding workspace-template", executable: generator,
            arguments: ["template", output.path, template.path, everyTime.path],
            inputFiles: [everyTime], outputFiles: [output])
    }
}
