/// Reacts to events by doing work and emitting further events.
///
/// A plugin is a folder in `Plugins/` with a type named like the folder and `Plugin` behind it, and
/// the folder's name in the list at the head of `Package.swift`:
///
/// ```swift
/// public struct NotifierPlugin: Plugin {
///     public static let name: PluginName = "notifier"
///     public static let summary = "Tells the people on duty about every rejected drop."
///     public struct Settings: PluginSettings {
///         public var command: [String] = []
///         public init() {}
///     }
///     let settings: Settings
///     public init(settings: Settings) { self.settings = settings }
///
///     public var reactions: some Reactions {
///         On(DataRejected.self) { rejected, context in
///             try await context.run(settings.command, input: rejected.summary)
///             return [NotificationSent(about: rejected)]
///         }
///     }
/// }
/// ```
///
/// A plugin value holds its settings and nothing else. What it remembers it folds from events
/// (`Projection`), so that a restart, a replay and a what-if see the same.
public protocol Plugin: Sendable {
    associatedtype Settings: PluginSettings = NoSettings
    associatedtype Handlers: Reactions

    static var name: PluginName { get }
    /// One line for `millrace plugin list`.
    static var summary: String { get }
    /// The types it emits, beside those that follow from its reactions' return types. Emitting any
    /// other is an error.
    static var emits: [any EventPayload.Type] { get }
    /// The states that its reactions ask the context for.
    static var projections: [any Projection.Type] { get }
    /// Its long work, done in a process of its own.
    static var jobs: [any Job.Type] { get }

    init(settings: Settings)

    @ReactionsBuilder var reactions: Handlers { get }
}

extension Plugin {
    public static var emits: [any EventPayload.Type] { [] }
    public static var projections: [any Projection.Type] { [] }
    public static var jobs: [any Job.Type] { [] }
}

/// The name of a plugin in settings, events and commands: lower-case letters, digits and dashes.
public struct PluginName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let rawValue: String

    public init(stringLiteral value: String) { rawValue = value }
    public init(_ value: String) { rawValue = value }

    public var description: String { rawValue }
}

/// For a plugin with nothing to set.
public struct NoSettings: PluginSettings {
    public init() {}
}

/// State folded from events: a pure function of the journal.
///
/// It is `Codable`, so that it can be kept in snapshots and need not be folded from the first event on
/// at each start. A structure of values gets that for nothing. Keep it small: what grows with the
/// history makes each snapshot grow with it.
public protocol Projection: Sendable, Codable {
    /// The event types that change it; no others are given to `apply`.
    static var types: [any EventPayload.Type] { get }

    init()

    /// Takes the next event in order. Must depend on nothing but the state and the event.
    mutating func apply(_ event: Event)

    /// Whether events of one of its types would change nothing, as things are: then they need not even
    /// be read. For a state that waits for something rare in events that are frequent; nobody has to
    /// say so.
    func isIndifferent(to type: String) -> Bool

    /// The same for those of them that are about a subject. Nobody has to say this, either.
    func isIndifferent(to type: String, about subject: Subject) -> Bool
}

extension Projection {
    public func isIndifferent(to type: String) -> Bool { false }
    public func isIndifferent(to type: String, about subject: Subject) -> Bool {
        isIndifferent(to: type)
    }
}

/// Long work that outlives the daemon: done in a process of its own, once for each event.
///
/// When the daemon dies the job goes on; when it comes back it adopts the job and takes its result.
public protocol Job: Sendable {
    associatedtype Input: Codable & Sendable
    associatedtype Output: Codable & Sendable
    /// What the journal tells about the outcomes of earlier jobs.
    associatedtype Memory: Projection = NoMemory

    /// Lower-case letters, digits and dashes; unique within the plugin.
    static var name: String { get }

    /// Does the work. Runs in another process than the reaction that asked for it: it sees its input
    /// and the files by digest, and nothing else of the plugin.
    static func run(_ input: Input, _ context: JobContext) async throws -> Output

    /// Whether a what-if may do it again without being asked: it reads the vault alone, starts no
    /// program, and takes a moment.
    static var isRepeatable: Bool { get }

    /// What the job gave when it had this input, for a what-if, which invents no outcome and repeats
    /// no long work; nil when it never had this input.
    ///
    /// - Throws: the error that it failed with.
    static func recall(_ input: Input, from memory: Memory) throws -> Output?
}

extension Job {
    public static var isRepeatable: Bool { false }
    public static func recall(_ input: Input, from memory: Memory) throws -> Output? { nil }
}

/// For a job whose outcomes the journal does not tell.
public struct NoMemory: Projection {
    public static let types: [any EventPayload.Type] = []
    public init() {}
    public mutating func apply(_ event: Event) {}
}
