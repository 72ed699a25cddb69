package import Millrace

/// A plugin with its settings decoded and its type erased: what the runtime delivers to.
package struct RegisteredPlugin: Sendable {
    package let name: PluginName
    package let summary: String
    package let reactions: [Reaction]
    /// The event types that it may emit.
    package let emits: Set<String>
    package let projections: [any Projection.Type]
    package let jobs: [any Job.Type]

    package init<P: Plugin>(_ plugin: P) {
        name = P.name
        summary = P.summary
        reactions = plugin.reactions.list
        emits = Set(
            (P.emits + reactions.flatMap(\.emits)).map { type in type.type })
        projections = P.projections
        jobs = P.jobs
    }

    /// The types that it reacts to, in the order of its declaration, each once.
    package var subscriptions: [String] {
        var seen: Set<String> = []
        return reactions.map(\.type).filter { seen.insert($0).inserted }
    }

    package func reacts(to event: Event) -> Bool {
        reactions.contains { $0.matches(type: event.type, subjectKind: event.subject.kind) }
    }
}

/// The plugins that were built into the program, and what their sections of the settings say.
package struct PluginRegistry: Sendable {
    package let types: [any Plugin.Type]

    package init(_ types: [any Plugin.Type]) { self.types = types }

    /// Makes the plugins from their sections of the settings.
    ///
    /// - Parameter document: the settings file, for lines.
    /// - Returns: the plugins, and everything that is wrong with any section.
    package func makePlugins(
        _ settings: WorkspaceSettings, document: JSON5Document? = nil
    ) -> (plugins: [RegisteredPlugin], issues: [SettingsIssue]) {
        var plugins: [RegisteredPlugin] = []
        var issues: [SettingsIssue] = []
        func add<P: Plugin>(_ type: P.Type) {
            let (value, found) = checkSettings(
                P.Settings.self, value: settings.plugins[P.name.rawValue] ?? .object([]),
                path: ["plugins", P.name.rawValue], document: document)
            issues += found
            if let value { plugins.append(RegisteredPlugin(P(settings: value))) }
        }
        for type in types { add(type) }
        let names = types.map { type in type.name.rawValue }
        for name in settings.plugins.keys.sorted() where !names.contains(name) {
            issues.append(
                SettingsIssue(
                    path: ["plugins", name],
                    message: "there is no such plugin; \(suggestion(for: name, among: names))",
                    position: document?.nearestPosition(of: ["plugins", name])))
        }
        return (plugins, issues)
    }

    /// The job of a plugin.
    package func job(plugin: String, name: String) -> (any Job.Type)? {
        types.first { $0.name.rawValue == plugin }?.jobs.first { $0.name == name }
    }
}
