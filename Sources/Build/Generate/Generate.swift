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

    private func embedding(_ context: PluginContext, _ generator: URL) throws -> Command {
        let template = context.package.directoryURL.appending(path: "workspace-template")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedTemplate.swift")
        return .buildCommand(
            displayName: "Embedding workspace-template", executable: generator,
            arguments: ["template", output.path, template.path],
            inputFiles: try everything(below: template), outputFiles: [output])
    }

    /// The files *and the folders*, hidden ones too: a folder's time changes when something is added
    /// to it or removed, so that an incremental build sees that as well.
    private func everything(below folder: URL) throws -> [URL] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return [folder] + names.sorted().map { folder.appending(path: $0) }
    }
}
