import Glibc
package import LinuxSystem
package import Millrace
import Synchronization

/// The one writer of a journal.
///
/// Appends of many callers share one sync: while one is written the others wait, and what waits is
/// written together, forced to the disk, told to `onCommit`, and answered.
package final class JournalWriter: Sendable {
    /// What was found and done at the start.
    package let recovery: RecoveryReport
    private let queue: CommitQueue
    private let committer: Committer
    private let state: Mutex<State>
    private let ended = Semaphore()

    private struct State {
        var head: JournalHead
        var condition = JournalCondition.writing
        var onCommit: (@Sendable ([Event]) -> Void)?
        var onCondition: (@Sendable (JournalCondition) -> Void)?
    }

    /// Locks the journal, making it if there is none, and recovers it.
    ///
    /// - Throws: `.locked` when another process writes it, `.damaged` when records that were on the
    ///   disk are not what they were and the configuration does not accept that.
    package init(
        directory: FilePath, configuration: JournalConfiguration = JournalConfiguration()
    ) throws(JournalError) {
        let log = try LogEnd(directory: directory, configuration: configuration)
        recovery = log.report
        state = Mutex(State(head: log.head))
        // The log belongs to the committer from here on.
        queue = CommitQueue(quietMilliseconds: configuration.quietMilliseconds)
        committer = Committer(log: log, configuration: configuration, queue: queue)
        let reports = Committer.Reports(
            head: { [weak self] head in self?.state.withLock { $0.head = head } },
            commit: { [weak self] events in self?.onCommit?(events) },
            condition: { [weak self] condition in self?.change(to: condition) },
            ended: { [ended] in ended.signal() })
        do throws(SystemError) { try committer.start(reports) } catch { throw .system(error) }
    }

    deinit { queue.close() }

    /// Called with what became durable together, one batch or several in order, when it is on the disk
    /// and before any of its callers is answered: on the writer's thread, or on that of a caller who waits
    /// in `appendBlocking`. Set it before the first append; it must not append and wait.
    package var onCommit: (@Sendable ([Event]) -> Void)? {
        get { state.withLock { $0.onCommit } }
        set { state.withLock { $0.onCommit = newValue } }
    }

    /// Called on the same threads when the disk is full, has room again, or the writer stops.
    package var onCondition: (@Sendable (JournalCondition) -> Void)? {
        get { state.withLock { $0.onCondition } }
        set { state.withLock { $0.onCondition = newValue } }
    }

    package var condition: JournalCondition { state.withLock { $0.condition } }

    /// The last record that is on the disk.
    package var head: JournalHead { state.withLock { $0.head } }

    /// Appends a batch, all or nothing, and returns its events once they are on the disk.
    ///
    /// - Throws: `.refused` for a draft that does not fit, `.stopped` after a failed write (the
    ///   batch may or may not be there after the next start), `.closed`.
    package func append(_ batch: [EventDraft]) async throws(JournalError) -> [Event] {
        try check(batch)
        let result: Result<[Event], JournalError> = await withCheckedContinuation { continuation in
            queue.add(PendingBatch(drafts: batch) { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    /// Hands a batch over and does not wait: `onCommit` tells when it is on the disk.
    ///
    /// - Parameter failed: called when it never will be, or nobody knows, as after `.stopped`.
    package func submit(
        _ batch: [EventDraft], failed: @escaping @Sendable (JournalError) -> Void
    ) {
        do throws(JournalError) { try check(batch) } catch { return failed(error) }
        queue.add(
            PendingBatch(drafts: batch) { if case .failure(let error) = $0 { failed(error) } })
    }

    /// Appends for a thread that may wait: where nobody else appends, it writes by itself.
    ///
    /// - Parameter companion: what these events speak of; they count as appended when it is on the disk
    ///   too. Its error stops the writer.
    package func appendBlocking(
        _ batch: [EventDraft], with companion: Companion? = nil
    ) throws(JournalError) -> [Event] {
        try check(batch)
        if try queue.enter() { return try committer.commit(batch, with: companion).get() }
        if let companion {
            do throws(SystemError) { try companion.force() } catch { throw .system(error) }
        }
        let answer = Answer()
        queue.add(PendingBatch(drafts: batch) { answer.give($0) })
        return try answer.wait().get()
    }

    /// Commits what waits, writes a watermark, and gives up the lock. Appends after this fail.
    package func close() throws(JournalError) {
        queue.close()
        ended.wait()
        // For whoever else closes.
        ended.signal()
        if case .stopped(let error) = condition { throw .stopped(error) }
    }

    private func check(_ batch: [EventDraft]) throws(JournalError) {
        if let problem = DraftRules.problem(in: batch) {
            throw .refused(index: problem.index, reason: problem.reason)
        }
    }

    private func change(to condition: JournalCondition) {
        let handler = state.withLock { state in
            state.condition = condition
            return state.onCondition
        }
        handler?(condition)
    }
}

/// Carries one result from the writer's thread to a thread that waits for it.
private final class Answer: Sendable {
    private let result = Mutex<Result<[Event], JournalError>?>(nil)
    private let ending = Semaphore()

    func give(_ result: Result<[Event], JournalError>) {
        self.result.withLock { $0 = result }
        ending.signal()
    }

    func wait() -> Result<[Event], JournalError> {
        ending.wait()
        return result.withLock { $0 } ?? .failure(.closed)
    }
}
