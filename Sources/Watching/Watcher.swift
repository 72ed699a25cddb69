import Checksums
public import LinuxSystem
public import Millrace

/// Watches a workspace and reports every settled version of every input file once.
///
///     let watcher = try Watcher(WatchConfiguration(root: "/srv/drops", inputs: [.everything]))
///     for await batch in watcher.changes {
///         for report in batch.reports { print(report) }
///         batch.acknowledge()
///     }
///
/// and for one that must not lose anything:
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
public final class Watcher: Sendable {
    /// Copies a settled file and answers the digest of the copy. It is called on the watcher's own
    /// thread with a descriptor open for reading. What it throws is reported as a refusal, and the
    /// file tried again.
    public typealias Ingest = @Sendable (borrowing FileDescriptor, FileStatus) throws -> Digest

    private let delivery: Delivery

    /// Starts to watch at once, on a thread of its own.
    ///
    /// - Parameters:
    ///   - known: what was journaled last. What is as it says is not read again.
    ///   - ingest: copies a settled file; without it the bytes are only hashed where they are.
    /// - Throws: `SystemError` when there are no descriptors or threads left.
    public convenience init(
        _ configuration: WatchConfiguration, known: consuming KnownFiles = KnownFiles(),
        ingest: @escaping Ingest = Watcher.hash
    ) throws(SystemError) {
        try self.init(configuration, known: known, survey: nil, ingest: ingest)
    }

    /// - Parameter survey: of the same configuration, begun while `known` was made.
    package init(
        _ configuration: WatchConfiguration, known: consuming KnownFiles, survey: Survey?,
        ingest: @escaping Ingest
    ) throws(SystemError) {
        delivery = try Delivery(limit: configuration.unacknowledgedLimit)
        try WatchLoop.start(
            WatchLoop.Start(
                configuration: configuration, known: known, survey: survey, ingest: ingest,
                delivery: delivery))
    }

    /// The SHA-256 of a file's bytes.
    @Sendable public static func hash(
        _ file: borrowing FileDescriptor, _ status: FileStatus
    ) throws -> Digest {
        var hash = SHA256()
        var offset = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { return Digest(words: hash.finish().words) }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }

    /// The reports, for one consumer. Ends after `stop`.
    public var changes: WatchSequence { WatchSequence(delivery: delivery) }

    /// The next reports, for a consumer that is a thread of its own instead of a task: without the
    /// way over the concurrency runtime, whose own timer wakes the process every second. Nil after
    /// `stop`.
    package func nextBlocking() -> WatchBatch? { delivery.nextBlocking() }

    /// Handles all reports until `stop`, a batch at a time: on this thread while there is much to do,
    /// and a few that come alone on the watcher's own, which saves waking this one.
    package func forEachBlocking(_ handle: @escaping @Sendable (WatchBatch) -> Void) {
        while let batch = delivery.nextBlocking(orHere: handle) { handle(batch) }
    }

    /// Goes on with another configuration. What was reported stays reported; what the new one makes
    /// an input is found, and what it excludes is left alone.
    public func reconfigure(_ configuration: WatchConfiguration) {
        delivery.reconfigure(configuration)
    }

    /// Returns when everything that was in the directory at the moment of the call has been reported
    /// and acknowledged. Left out is what somebody has open for writing, for it is not yet whole.
    public func barrier() async { await delivery.barrier() }

    /// How many directories the kernel watches, and how many are scanned instead.
    package var coverage: (watched: Int, scanned: Int) { delivery.coverage.counts }

    /// Ends the thread and the sequence; returns when both have ended. What was found and not handed
    /// out is found again at the next start.
    public func stop() async { await delivery.stop() }
}

/// The watcher's reports, batch by batch.
public struct WatchSequence: AsyncSequence, Sendable {
    public typealias Element = WatchBatch
    public typealias Failure = Never
    let delivery: Delivery

    public struct Iterator: AsyncIteratorProtocol {
        let delivery: Delivery
        public mutating func next() async -> WatchBatch? { await delivery.next() }
        public mutating func next(
            isolation: isolated (any _Concurrency.Actor)?
        ) async -> WatchBatch? {
            await delivery.next()
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(delivery: delivery) }
}
