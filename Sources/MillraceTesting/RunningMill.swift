public import Millrace
import Runtime

/// Plugins at work on a workspace, in a test.
public protocol RunningMill: Sendable {
    /// Everything in the journal, in order.
    var events: [Event] { get throws }

    /// Drops a file, and waits until nothing is left to do.
    ///
    /// - Parameter path: in the workspace, for example `data/flights/a.csv`.
    /// - Returns: the event that says that it arrived.
    @discardableResult
    func drop(_ path: String, _ bytes: [UInt8]) async throws -> Event

    /// The bytes of a file in an output folder; nil when there is none.
    func output(_ path: String) throws -> [UInt8]?
}

extension RunningMill {
    @discardableResult
    public func drop(_ path: String, _ text: String) async throws -> Event {
        try await drop(path, Array(text.utf8))
    }

    /// All payloads of a type, in the order of the journal.
    public func emitted<P: EventPayload>(_ type: P.Type) throws -> [P] {
        try events.filter { $0.type == P.type }.map { try $0.decode(P.self) }
    }

    /// The errors of the events that were set aside.
    public var deadLetters: [String] {
        get throws { try events.compactMap { $0.payload(as: ReactionDeadLettered.self)?.error } }
    }
}

/// How much of the real thing a test runs.
public enum MillDepth: Sendable, Hashable {
    /// The real runtime on a journal and files in memory, with virtual time. Jobs run in this process.
    case memory
    /// The real runtime, journal and vault in a temporary folder. Jobs run in this process.
    case disk
    /// The program itself in a temporary workspace: watcher, settling, jobs and all. It is the file
    /// of this name beside the tests' own; its target depends on the plugins.
    case process(String)
}

/// Runs plugins on a workspace of their own, which is gone afterwards: the same test at three depths.
///
/// ```swift
/// @Test(arguments: [MillDepth.memory, .disk, .process("millrace")])
/// func `a damaged drop is rejected`(depth: MillDepth) async throws {
///     try await withMill([ValidatorPlugin.self], at: depth) { mill in
///         try await mill.drop("data/flights/a.csv", "x\n1,2\n")
///         #expect(try mill.emitted(DataRejected.self).count == 1)
///     }
/// }
/// ```
///
/// - Parameters:
///   - plugins: what is at work; the program of `process` has its own.
///   - settings: the workspace's `millrace.json`.
/// - Throws: when the settings have errors, and what `body` throws.
public func withMill<R>(
    _ plugins: [any Plugin.Type], settings: WorkspaceSettings = WorkspaceSettings(),
    at depth: MillDepth = .memory, _ body: (any RunningMill) async throws -> R
) async throws -> R {
    switch depth {
    case .memory: return try await body(try TestMill(plugins, settings: settings))
    case .disk:
        let mill = try DiskMill(plugins, settings)
        defer { mill.remove() }
        return try await body(mill)
    case .process(let name):
        let mill = try await ProcessMill(program: name, settings)
        do {
            let result = try await body(mill)
            try await mill.remove()
            return result
        } catch {
            try? await mill.remove()
            throw error
        }
    }
}
