/// Everything a reaction may touch: its clock, files, commands, jobs and log.
///
/// Nothing else of the world may be touched, so that the same reaction can run for real, in a test
/// with a clock of its own, and in a what-if with the world turned off.
public struct Context: Sendable {
    /// The event that is being handled; the last one when several are handled together.
    public let event: Event
    /// All events that this call handles, in order. More than one only for a coalescing reaction.
    public let events: [Event]
    /// The settings of the workspace in force.
    public let settings: WorkspaceSettings
    /// 1 for the first call about this event.
    public let attempt: Int

    let plugin: PluginName
    private let states: [ObjectIdentifier: any Projection]
    let world: any World

    public init(
        event: Event, events: [Event], settings: WorkspaceSettings, attempt: Int,
        plugin: PluginName, states: [ObjectIdentifier: any Projection], world: any World
    ) {
        self.event = event
        self.events = events
        self.settings = settings
        self.attempt = attempt
        self.plugin = plugin
        self.states = states
        self.world = world
    }

    /// The moment, as the runtime's clock has it.
    public var now: Timestamp { world.now }

    /// The plugin's own state, folded over everything that was in the journal when the call began.
    /// - Throws: when the plugin has not declared the projection.
    public func state<P: Projection>(_ type: P.Type) throws -> P {
        guard let state = states[ObjectIdentifier(type)] as? P else {
            throw ReactionError(
                "plugin \(plugin) asks for the state \(P.self) without declaring it: "
                    + "add it to `projections`", retryable: false)
        }
        return state
    }

    /// Bytes by their digest.
    public var files: any FileStore { world.files }

    /// The folders that Millrace writes: `models`, `deployments`, `quarantine`, `reports`.
    public var outputs: any OutputFolders { world.outputs }

    /// Runs a program with exactly these arguments (never through a shell) and waits for it.
    ///
    /// - Returns: what it printed, at most 1 MB of each stream.
    /// - Throws: when it cannot be started, takes longer than `timeout` seconds, or exits with
    ///   anything but 0; the error has the end of its standard error.
    @discardableResult
    public func run(
        _ command: [String], input: String = "", environment: [String: String] = [:],
        timeout: Double = 60
    ) async throws -> CommandResult {
        try await world.run(
            ProcessRequest(
                arguments: command, input: Array(input.utf8),
                environment: environment.merging(["MILLRACE_EVENT_ID": "\(event.id)"]) { $1 },
                timeout: timeout))
    }

    /// Does long work in a process of its own that outlives the daemon. The same job for the same
    /// event is done once: a second call, also after a restart, gets the first one's result.
    public func perform<J: Job>(_ job: J.Type, _ input: J.Input) async throws -> J.Output {
        let result = try await world.perform(
            JobRequest(
                plugin: plugin, job: J.name, cause: event.id, subject: event.subject,
                input: try JSONValue(encoding: input), threads: settings.runtime.trainingThreads))
        return try result.decode(J.Output.self)
    }

    /// Says something to the operator; goes to the daemon's log with the plugin's name.
    public func log(_ level: LogLevel = .info, _ message: String) {
        world.log(level, "\(plugin): \(message)")
    }
}

/// Failed on purpose, with words for the people who read the dead letter.
public struct ReactionError: Error, Sendable, CustomStringConvertible {
    public let description: String
    /// False when trying again cannot help: the event is set aside at once.
    public let retryable: Bool

    public init(_ description: String, retryable: Bool = true) {
        self.description = description
        self.retryable = retryable
    }
}
