import Glibc
import LinuxSystem
import Millrace

/// Commits batches to the log, for whoever the queue gave it to: a caller, or the journal's thread.
final class Committer: @unchecked Sendable {
    // Unchecked: the queue lets one thread at a time use it.
    private let log: LogEnd
    private let configuration: JournalConfiguration
    private let queue: CommitQueue
    private var reports: Reports?
    private let side = SideThread()

    struct Reports: Sendable {
        let head: @Sendable (JournalHead) -> Void
        let commit: @Sendable ([Event]) -> Void
        let condition: @Sendable (JournalCondition) -> Void
        let ended: @Sendable () -> Void
    }

    init(log: LogEnd, configuration: JournalConfiguration, queue: CommitQueue) {
        self.log = log
        self.configuration = configuration
        self.queue = queue
    }

    /// Starts the thread that commits what waits, writes watermarks, and closes.
    func start(_ reports: Reports) throws(SystemError) {
        self.reports = reports
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Committer>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        if code != 0 {
            box.release()
            throw SystemError(Errno(code), "pthread_create")
        }
        pthread_detach(thread)
    }

    /// Commits one batch on the caller's thread, which holds the log.
    ///
    /// - Parameter companion: goes to the disk meanwhile, and must be there before the batch counts; its
    ///   error is the end of the writer, whose lines may be on the disk already.
    func commit(
        _ drafts: [EventDraft], with companion: Companion?
    ) -> Result<[Event], JournalError> {
        defer { queue.leave(isUnmarked: log.needsWatermark) }
        if let companion, companion.handOver == nil { side.begin(companion.force) }
        let events = log.encode(drafts)
        if let error = write([events], with: companion) {
            fail(error)
            return .failure(error)
        }
        return .success(events)
    }

    private func run() {
        loop()
        log.finish()
        log.unlock()
        reports?.ended()
        reports = nil
    }

    /// Payload bytes that one group commit takes at most.
    private static let groupLimit = 4 << 20

    private func loop() {
        while true {
            var isOver = false
            switch queue.take(limit: Committer.groupLimit) {
            case .batches(let batches): isOver = !commit(batches)
            case .quiet: isOver = !writeWatermark()
            case .closed:
                if writeWatermark() { close() }
                isOver = true
            case .failed: isOver = true
            }
            if isOver { return }
            queue.leave(isUnmarked: log.needsWatermark)
        }
    }

    /// False: the writer has stopped.
    private func commit(_ batches: [PendingBatch]) -> Bool {
        let events = batches.map { log.encode($0.drafts) }
        if let error = write(events) {
            for batch in batches { batch.done(.failure(error)) }
            fail(error)
            return false
        }
        queue.willAnswer(batches.count)
        for (batch, events) in zip(batches, events) { batch.done(.success(events)) }
        return true
    }

    /// Writes what was encoded and tells of it. An error is the end of the writer.
    private func write(_ events: [[Event]], with companion: Companion? = nil) -> JournalError? {
        do throws(SystemError) {
            let written = Result { () throws(SystemError) in
                try reserveAndWrite(companion?.handOver)
            }
            if let companion, companion.handOver == nil { try side.end() }
            guard try written.get() else { return .diskFull }
            try log.commit()
        } catch {
            reports?.condition(.stopped(error))
            return .stopped(error)
        }
        reports?.head(log.head)
        reports?.commit(events.count == 1 ? events[0] : Array(events.joined()))
        return nil
    }

    /// False: closed before there was room.
    private func reserveAndWrite(_ handOver: SideThread.Work?) throws(SystemError) -> Bool {
        guard try reserve() else { return false }
        try log.write { () throws(SystemError) in try handOver?() }
        return true
    }

    /// Waits for room on a full disk. False: closed, or given up, before there was any.
    private func reserve() throws(SystemError) -> Bool {
        var isFull = false
        while true {
            do throws(SystemError) {
                try log.reserve()
                if isFull { reports?.condition(.writing) }
                return true
            } catch {
                guard LogEnd.isFull(error) else { throw error }
                if !isFull { reports?.condition(.diskFull(error)) }
                isFull = true
                if queue.pause(milliseconds: configuration.fullDiskMilliseconds) { return false }
                if configuration.givesUp() { return false }
            }
        }
    }

    /// False: the writer has stopped.
    private func writeWatermark() -> Bool {
        do throws(SystemError) {
            if let event = try log.appendWatermark() {
                reports?.head(log.head)
                reports?.commit([event])
            }
            return true
        } catch {
            reports?.condition(.stopped(error))
            fail(.stopped(error))
            return false
        }
    }

    private func close() {
        do throws(SystemError) { try log.syncHead() } catch {
            reports?.condition(.stopped(error))
            fail(.stopped(error))
        }
    }

    private func fail(_ error: JournalError) {
        for batch in queue.fail(error) { batch.done(.failure(error)) }
    }
}
