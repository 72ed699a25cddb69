package import Millrace

/// Where the runtime appends: the journal, or memory in a test.
package protocol EventLog: Sendable {
    /// Appends all or nothing; returns once it is durable. The events are announced to the runtime
    /// (`Runtime.committed`) in the order of the log, before this returns.
    @discardableResult
    func append(_ batch: [EventDraft]) async throws -> [Event]
}
