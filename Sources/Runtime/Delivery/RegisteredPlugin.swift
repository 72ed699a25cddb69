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
    /// How many of its reactions may run at the same time; nil for as many as the settings say.
    package let concurrency: Int?

    package init<P: Plugin>(_ plugin: P) {
        name = P.name
        summary = P.summary
        reactions = plugin.reactions.list
        emits = Set(
            (P.emits + reactions.flatMap(\.emits)).map { type in type.type })
        projections = P.projections
        jobs = P.jobs
        concurrency = nil
    }

    init(
        name: PluginName, summary: String, reactions: [Reaction], emits: Set<String>,
        projections: [any Projection.Type], jobs: [any Job.Type],
        concurrency: Int?
    ) {
        self.name = name
        self.summary = summary
        self.reactions = reactions
        self.emits = emits
        self.projections = projections
        self.jobs = jobs
        self.concurrency = concurrency
    }

    /// The types that it reacts to, in the order of its declaration, each once.
    package var subscriptions: [String] {
        var seen: Set<String> = []
        return reactions.map(\.type).filter { seen.insert($0).inserted }
    }

    package func reacts(to event: Event) -> Bool {
        reactions.contains { $0.matches(event) }
    }

    /// Whether one call may stand for this event and those of its type that wait behind it.
    func coalesces(_ event: Event) -> Bool {
        reacts(to: event) && reactions.allSatisfy { !$0.matches(event) || $0.coalesces }
    }

    /// Seconds that a call about this event may take.
    func timeout(for event: Event) -> Double {
        reactions.reduce(0) { $1.matches(event) ? max($0, $1.timeout) : $0 }
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
        let catalogue = catalogue
        for (name, external) in settings.externalPlugins.sorted(by: { $0.key < $1.key }) {
            if names.contains(name) || PluginRegistry.reserved.contains(name) {
                issues.append(
                    SettingsIssue(
                        path: ["externalPlugins", name],
                        message: "there is a plugin of this name already; choose another",
                        position: document?.nearestPosition(of: ["externalPlugins", name])))
                continue
            }
            plugins.append(RegisteredPlugin(external, named: PluginName(name), catalogue))
        }
        for name in settings.plugins.keys.sorted() where !names.contains(name) {
            issues.append(
                SettingsIssue(
                    path: ["plugins", name],
                    message: "there is no such plugin; \(suggestion(for: name, among: names))",
                    position: document?.nearestPosition(of: ["plugins", name])))
        }
        return (plugins, issues)
    }

    /// What the daemon itself goes by.
    private static let reserved = ["workspace", "runtime", "millrace"]

    /// The types of the language and of all plugins.
    package var catalogue: EventCatalogue {
        func emits<P: Plugin>(_ type: P.Type) -> [any EventPayload.Type] {
            type.emits + P(settings: P.Settings()).reactions.list.flatMap(\.emits)
        }
        return EventCatalogue(types.flatMap { emits($0) })
    }

    /// The job of a plugin.
    package func job(plugin: String, name: String) -> (any Job.Type)? {
        types.first { $0.name.rawValue == plugin }?.jobs.first { $0.name == name }
    }
}

extension Reaction {
    func matches(_ event: Event) -> Bool {
        matches(type: event.type, subjectKind: event.subject.kind)
    }
}
