package import Journal
package import Millrace

/// Where the runtime appends: the journal, or memory in a test.
package protocol EventLog: Sendable {
    /// Appends all or nothing; returns once it is durable. The events are announced to the runtime
    /// (`Runtime.committed`) in the order of the log, before this returns.
    @discardableResult
    func append(_ batch: [EventDraft]) async throws -> [Event]

    /// The same for whoever learns from the announcement that it is durable: may return as soon as the
    /// batch has its place in the order.
    ///
    /// - Parameter failed: called, with the reason, when the log cannot be written any more.
    func submit(_ batch: [EventDraft], failed: @escaping @Sendable (String) -> Void) async
}

extension EventLog {
    package func submit(
        _ batch: [EventDraft], failed: @escaping @Sendable (String) -> Void
    ) async {
        do { try await append(batch) } catch { failed("\(error)") }
    }
}

/// The journal, as the runtime sees it.
package struct JournalLog: EventLog {
    private let writer: JournalWriter

    package init(_ writer: JournalWriter) { self.writer = writer }

    @discardableResult
    package func append(_ batch: [EventDraft]) async throws -> [Event] {
        try await writer.append(batch)
    }

    package func submit(
        _ batch: [EventDraft], failed: @escaping @Sendable (String) -> Void
    ) async {
        writer.submit(batch) { failed("\($0)") }
    }
}
