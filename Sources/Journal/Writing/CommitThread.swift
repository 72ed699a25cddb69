import Glibc
import LinuxSystem
import Millrace

/// The thread that writes: takes what waits, commits it as one group, answers.
final class CommitThread: @unchecked Sendable {
    // Unchecked: after `start` the thread alone touches it.
    private let log: LogEnd
    private let configuration: JournalConfiguration
    private let queue: CommitQueue
    private var reports: Reports?

    /// Payload bytes that one group commit takes at most.
    private static let groupLimit = 4 << 20

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

    func start(_ reports: Reports) throws(SystemError) {
        self.reports = reports
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<CommitThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        if code != 0 {
            box.release()
            throw SystemError(Errno(code), "pthread_create")
        }
        pthread_detach(thread)
    }

    private func run() {
        loop()
        log.unlock()
        reports?.ended()
        reports = nil
    }

    private func loop() {
        while true {
            let quiet = log.needsWatermark ? configuration.quietMilliseconds : nil
            switch queue.take(limit: CommitThread.groupLimit, milliseconds: quiet) {
            case .batches(let batches): if !commit(batches) { return }
            case .quiet: if !writeWatermark() { return }
            case .closed:
                if writeWatermark() { close() }
                return
            }
        }
    }

    /// False: the writer has stopped.
    private func commit(_ batches: [PendingBatch]) -> Bool {
        let events = batches.map { log.encode($0.drafts) }
        do throws(SystemError) {
            guard try reserve() else {
                answer(batches, .diskFull)
                return false
            }
            try log.commit()
        } catch {
            stop(error, batches)
            return false
        }
        reports?.head(log.head)
        for batch in events { reports?.commit(batch) }
        for (batch, events) in zip(batches, events) { batch.done(.success(events)) }
        return true
    }

    /// Waits for room on a full disk. False: closed before there was any.
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
            }
        }
    }

    private func writeWatermark() -> Bool {
        do throws(SystemError) {
            if let event = try log.appendWatermark() {
                reports?.head(log.head)
                reports?.commit([event])
            }
            return true
        } catch {
            stop(error, [])
            return false
        }
    }

    private func close() {
        do throws(SystemError) { try log.syncHead() } catch { stop(error, []) }
    }

    private func stop(_ error: SystemError, _ batches: [PendingBatch]) {
        reports?.condition(.stopped(error))
        answer(batches, .stopped(error))
    }

    private func answer(_ batches: [PendingBatch], _ error: JournalError) {
        for batch in batches + queue.fail(error) { batch.done(.failure(error)) }
    }
}
