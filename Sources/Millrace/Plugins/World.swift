/// What stands behind a context: the real machine, a test's memory, or a what-if's nothing.
public protocol World: Sendable {
    var now: Timestamp { get }
    var files: any FileStore { get }
    var outputs: any OutputFolders { get }
    func run(_ command: ProcessRequest) async throws -> CommandResult
    /// Returns the job's output.
    func perform(_ request: JobRequest) async throws -> JSONValue
    /// Has a plugin in another language handle an event. The default refuses.
    func ask(_ request: ExternalRequest) async throws -> [ExternalEvent]
    func log(_ level: LogLevel, _ message: String)
    /// A file of the machine's time zone database (tzfile(5)), such as `Europe/Berlin`. The default has
    /// none.
    func timeZone(named name: String) throws -> [UInt8]
}

extension World {
    public func timeZone(named name: String) throws -> [UInt8] {
        throw ReactionError("there is no time zone '\(name)' here, nor any other", retryable: false)
    }
}

/// Bytes by their digest: what was dropped, and what plugins keep.
public protocol FileStore: Sendable {
    /// All the bytes. - Throws: when there are none of that digest, or more than `limit`.
    func bytes(of digest: Digest, limit: Int) throws -> [UInt8]

    /// Lends an open descriptor for reading, at its beginning.
    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R

    /// An absolute path for another program to read. The file must not be changed.
    func path(of digest: Digest) throws -> String

    /// Keeps bytes, durably, and gives their name.
    func store(_ bytes: [UInt8]) throws -> Digest

    func contains(_ digest: Digest) -> Bool
}

/// The folders of the workspace that Millrace writes. What is written there triggers nothing.
///
/// Each call leaves the old or the new, never a mixture, and may be repeated.
public protocol OutputFolders: Sendable {
    /// Writes a file, with the folders above it.
    func write(_ bytes: [UInt8], to path: WorkspacePath) throws

    /// Puts a read-only copy of kept bytes at a path.
    func place(_ digest: Digest, at path: WorkspacePath) throws

    /// Points a symbolic link at another path of the workspace, replacing the old one in one step.
    func link(_ path: WorkspacePath, to target: WorkspacePath) throws

    /// Where a link points; nil when there is none.
    func target(of path: WorkspacePath) throws -> WorkspacePath?

    func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8]

    /// Removes a file, link or folder; says nothing when there is none.
    func remove(_ path: WorkspacePath) throws

    /// The absolute path, for another program.
    func absolute(_ path: WorkspacePath) -> String
}

/// A program to run.
public struct ProcessRequest: Sendable {
    /// The program and its arguments; a name without a slash is looked up in `PATH`.
    public var arguments: [String]
    public var input: [UInt8]
    /// Added to a small clean environment.
    public var environment: [String: String]
    /// The working directory; nil for the workspace.
    public var directory: String?
    /// Seconds, after which it is killed with all its children.
    public var timeout: Double

    public init(
        arguments: [String], input: [UInt8] = [], environment: [String: String] = [:],
        directory: String? = nil, timeout: Double
    ) {
        self.arguments = arguments
        self.input = input
        self.environment = environment
        self.directory = directory
        self.timeout = timeout
    }
}

public struct CommandResult: Sendable {
    public let output: [UInt8]
    public let errorOutput: [UInt8]

    public init(output: [UInt8], errorOutput: [UInt8]) {
        self.output = output
        self.errorOutput = errorOutput
    }
}

/// A job that a reaction asks for. Its key is the event and the job's name.
public struct JobRequest: Sendable, Codable {
    public let plugin: String
    public let job: String
    public let cause: EventID
    public let subject: String
    public let input: JSONValue
    /// The threads that it may keep busy; nil, in the request of an older program, or 0 for all
    /// processors.
    public let threads: Int?

    public init(
        plugin: PluginName, job: String, cause: EventID, subject: Subject, input: JSONValue,
        threads: Int = 0
    ) {
        self.plugin = plugin.rawValue
        self.job = job
        self.cause = cause
        self.subject = subject.description
        self.input = input
        self.threads = threads
    }

    /// The threads that it may keep busy on a machine with so many processors.
    package func threads(of processors: Int) -> Int {
        guard let threads, threads > 0 else { return max(1, processors) }
        return min(threads, max(1, processors))
    }
}

/// What a job sees, in the process that it runs in.
public struct JobContext: Sendable {
    public let files: any FileStore
    /// A directory of its own, empty at the first attempt, removed once the result is journaled.
    public let scratch: String
    /// Threads that it may keep busy.
    public let threads: Int
    /// Says how far it is, 0 to 1, and what it does; shown by `millrace status`.
    public let progress: @Sendable (Double, String) -> Void
    public let run: @Sendable (ProcessRequest) async throws -> CommandResult

    public init(
        files: any FileStore, scratch: String, threads: Int,
        progress: @escaping @Sendable (Double, String) -> Void,
        run: @escaping @Sendable (ProcessRequest) async throws -> CommandResult
    ) {
        self.files = files
        self.scratch = scratch
        self.threads = threads
        self.progress = progress
        self.run = run
    }
}

/// The levels of syslog that Millrace uses.
public enum LogLevel: Int, Sendable, Comparable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7

    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}
