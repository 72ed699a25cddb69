import Checksums
import LinuxSystem
package import Millrace
package import Runtime

/// The checked contents of a settings file.
package struct CheckedSettings: Sendable {
    package let settings: WorkspaceSettings
    package let plugins: [RegisteredPlugin]
    package let digest: Digest

    /// Everything that is wrong with a settings file, each with its line.
    package struct Problems: Error, Sendable, CustomStringConvertible {
        package let list: [String]

        package init(list: [String]) { self.list = list }

        package var description: String { list.joined(separator: "\n") }
    }

    /// The most that a settings file may have.
    package static let sizeLimit = 1 << 20

    /// Checks the bytes of a settings file. - Throws: all its problems at once.
    package init(_ bytes: [UInt8], _ registry: PluginRegistry) throws(Problems) {
        digest = Digest(words: SHA256.hash(bytes).words)
        let document: JSON5Document
        do { document = try JSON5Document(parsing: bytes) } catch {
            throw Problems(list: ["line \(error.line): \(error.message)"])
        }
        let (settings, issues) = checkSettings(
            WorkspaceSettings.self, value: document.value, document: document)
        // The sections of plugins are checked even when others have errors: all at once.
        var sections = WorkspaceSettings()
        for member in document.value["plugins"]?.members ?? [] {
            sections.plugins[member.key] = member.value
        }
        let (plugins, pluginIssues) = registry.makePlugins(
            settings ?? sections, document: document)
        let zones = (settings.map(TimeZoneFiles.problems) ?? []).map { path, problem in
            SettingsIssue(
                path: path, message: problem.description,
                position: document.nearestPosition(of: path))
        }
        guard let settings, issues.isEmpty, pluginIssues.isEmpty, zones.isEmpty else {
            throw Problems(list: (issues + zones + pluginIssues).map(\.description))
        }
        self.settings = settings
        self.plugins = plugins
    }

    /// Reads and checks the file of a workspace.
    package static func read(
        _ layout: WorkspaceLayout, _ registry: PluginRegistry
    ) throws(Problems) -> CheckedSettings {
        let bytes: [UInt8]
        do { bytes = try Files.read(layout.settings, limit: sizeLimit) } catch {
            if error.errno == .notFound {
                throw Problems(
                    list: ["there is no millrace.json here: 'millrace init' makes a workspace"])
            }
            throw Problems(list: ["it cannot be read: \(error)"])
        }
        return try CheckedSettings(bytes, registry)
    }
}
