import Millrace

/// The settings of both histories, and which plugins they make a difference to.
struct WhatIfSettings {
    private let registry: PluginRegistry
    private let change: (@Sendable (WorkspaceSettings) throws -> WorkspaceSettings)?
    private var recorded: WorkspaceSettings?
    /// Those of the what-if.
    private(set) var inForce = WorkspaceSettings()
    /// The plugins with the what-if's settings.
    private(set) var plugins: [String: RegisteredPlugin] = [:]
    /// By event type: who reacts to it, in the order of their names, and to which kind of subject.
    private(set) var subscribers: [String: [(plugin: String, subjectKind: String?)]] = [:]
    private var differsForAll = false
    private var differsFor: Set<String> = []

    init(
        _ registry: PluginRegistry,
        _ change: (@Sendable (WorkspaceSettings) throws -> WorkspaceSettings)?
    ) throws {
        self.registry = registry
        self.change = change
        try make()
    }

    /// The journal's settings are now these. - Throws: `ReactionError` where the what-if's do not fit
    /// the plugins.
    mutating func take(_ settings: WorkspaceSettings, changed: Bool) throws {
        recorded = settings
        inForce = try changed ? change?(settings) ?? settings : settings
        try make()
        try compare(settings)
    }

    /// The changes begin to hold. - Returns: false when they change nothing.
    mutating func begin() throws -> Bool {
        guard let recorded, change != nil else { return false }
        try take(recorded, changed: true)
        return differsForAll || !differsFor.isEmpty
    }

    /// Whether a plugin has other settings than it had. A program of another language is told of its
    /// own alone.
    func differs(for plugin: String) -> Bool {
        let isExternal = inForce.externalPlugins[plugin] != nil
        return differsForAll && !isExternal || differsFor.contains(plugin)
    }

    private mutating func make() throws {
        let (made, issues) = registry.makePlugins(inForce)
        guard issues.isEmpty else {
            throw ReactionError(
                "the settings do not fit the plugins: "
                    + issues.map(\.description).joined(separator: "; "))
        }
        plugins = Dictionary(
            made.map { ($0.name.rawValue, $0) }, uniquingKeysWith: { first, _ in first })
        subscribers = [:]
        for (name, plugin) in plugins.sorted(by: { $0.key < $1.key }) {
            for reaction in plugin.reactions {
                subscribers[reaction.type, default: []].append((name, reaction.subjectKind))
            }
        }
    }

    private mutating func compare(_ settings: WorkspaceSettings) throws {
        var (was, now) = (settings, inForce)
        differsFor = []
        for name in Set(was.plugins.keys).union(now.plugins.keys)
        where was.plugins[name] != now.plugins[name] {
            differsFor.insert(name)
        }
        for name in Set(was.externalPlugins.keys).union(now.externalPlugins.keys) {
            let sides = try [was, now].map { try JSONValue(encoding: $0.externalPlugins[name]) }
            if sides[0] != sides[1] { differsFor.insert(name) }
        }
        (was.externalPlugins, now.externalPlugins) = ([:], [:])
        // How often a reaction is tried and what is watched decides nothing.
        (was.plugins, now.plugins) = ([:], [:])
        (was.runtime, now.runtime) = (RuntimeSettings(), RuntimeSettings())
        (was.watch, now.watch) = (WatchSettings(), WatchSettings())
        differsForAll = try JSONValue(encoding: was).bytes != JSONValue(encoding: now).bytes
    }
}
