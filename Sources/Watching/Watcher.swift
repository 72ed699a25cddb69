package import LinuxSystem
package import Millrace

/// Watches a workspace and reports every settled version of every input file once.
///
///     let watcher = try Watcher(configuration, known: journaled) { file, status in
///         try vault.ingest(file, sizeLimit: limit).digest
///     }
///     for await batch in watcher.changes {
///         try vault.sync()
///         try journal.append(batch.reports)
///         batch.acknowledge()
///     }
///
/// The directory is the truth, notifications only say where to look. What was reported and not made
/// durable is found again at the next start, because `known` is then without it.
package final class Watcher: Sendable {
    /// Copies a settled file and answers the digest of the copy. It is called on the watcher's own
    /// thread with a descriptor open for reading. What it throws is reported as a refusal, and the
    /// file tried again.
    package typealias Ingest = @Sendable (borrowing FileDescriptor, FileStatus) throws -> Digest

    private let delivery: Delivery

    /// Starts to watch at once, on a thread of its own.
    ///
    /// - Parameter known: what was journaled last. What is as it says is not read again.
    /// - Throws: `SystemError` when there are no descriptors or threads left.
    package init(
        _ configuration: WatchConfiguration, known: consuming KnownFiles = KnownFiles(),
        ingest: @escaping Ingest
    ) throws(SystemError) {
        delivery = try Delivery(limit: configuration.unacknowledgedLimit)
        try WatchLoop.start(configuration, known, ingest, delivery)
    }

    /// The reports, for one consumer. Ends after `stop`.
    package var changes: WatchSequence { WatchSequence(delivery: delivery) }

    /// The next reports, for a consumer that is a thread of its own instead of a task: without the
    /// way over the concurrency runtime, whose own timer wakes the process every second. Nil after
    /// `stop`.
    package func nextBlocking() -> WatchBatch? { delivery.nextBlocking() }

    /// Returns when everything that was in the directory at the moment of the call has been reported
    /// and acknowledged. Left out is what somebody has open for writing, for it is not yet whole.
    package func barrier() async { await delivery.barrier() }

    /// How many directories the kernel watches, and how many are scanned instead.
    package var coverage: (watched: Int, scanned: Int) { delivery.coverage.counts }

    /// Ends the thread and the sequence; returns when both have ended. What was found and not handed
    /// out is found again at the next start.
    package func stop() async { await delivery.stop() }
}

/// The watcher's reports, batch by batch.
package struct WatchSequence: AsyncSequence, Sendable {
    package typealias Element = WatchBatch
    package typealias Failure = Never
    let delivery: Delivery

    package struct Iterator: AsyncIteratorProtocol {
        let delivery: Delivery
        package mutating func next() async -> WatchBatch? { await delivery.next() }
        package mutating func next(
            isolation: isolated (any _Concurrency.Actor)?
        ) async -> WatchBatch? {
            await delivery.next()
        }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(delivery: delivery) }
}
