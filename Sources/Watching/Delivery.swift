import LinuxSystem

/// Between the watcher's thread and its consumer: the open batch, what is not yet acknowledged, and
/// who waits for what.
final class Delivery: Sendable {
    private struct State {
        var open: [WatchReport] = []
        var consumer: Consumer?
        /// Sizes of the batches handed out and not acknowledged, by number.
        var inFlight: [UInt64: Int] = [:]
        var inFlightReports = 0
        /// The number of the open batch.
        var number: UInt64 = 1
        var barriers: [CheckedContinuation<Void, Never>] = []
        var stoppers: [CheckedContinuation<Void, Never>] = []
        var isStopping = false
        var hasEnded = false
        var wantsAcknowledgements = false
        var configuration: WatchConfiguration?
    }

    /// Who waits for the next batch: a task, or a thread.
    private enum Consumer {
        case task(CheckedContinuation<WatchBatch?, Never>)
        case thread(Handover)
        /// A thread that has nothing against its work being done by the watcher's.
        case either(Handover, @Sendable (WatchBatch) -> Void)

        func resume(returning batch: WatchBatch?) {
            switch self {
            case .task(let continuation): continuation.resume(returning: batch)
            case .thread(let handover), .either(let handover, _): handover.give(batch)
            }
        }
    }

    /// What the thread is asked for.
    struct Requests {
        var isStopping: Bool
        var barriers: [CheckedContinuation<Void, Never>]
        /// What is to be watched from now on, if that has changed.
        var configuration: WatchConfiguration?
    }

    private let state = Guarded(State())
    private let limit: Int
    let wakeUp: WakeUp
    let coverage = WatchCoverage()

    init(limit: Int) throws(SystemError) {
        self.limit = max(1, limit)
        wakeUp = try WakeUp()
    }

    // MARK: The thread's side

    func takeRequests() -> Requests {
        state.withLock { state in
            defer { (state.barriers, state.configuration) = ([], nil) }
            return Requests(
                isStopping: state.isStopping, barriers: state.barriers,
                configuration: state.configuration)
        }
    }

    /// Hands reports over; empties the array.
    ///
    /// - Parameter isIdle: the watcher has nothing else to do. A consumer that waits has few reports
    ///   handled here and now then: a change of threads takes longer than much of what there is to do.
    func publish(_ reports: inout [WatchReport], isIdle: Bool = false) {
        guard !reports.isEmpty else { return }
        let new = reports
        reports.removeAll(keepingCapacity: reports.capacity <= 1024)
        let isDirect = isIdle && new.count <= Self.directLimit
        let handOver = state.withLock { state -> (Consumer, WatchBatch)? in
            state.open.append(contentsOf: new)
            guard let consumer = state.consumer else { return nil }
            // One that goes on waiting while its work is done here gets nothing meanwhile: nobody else
            // publishes.
            if case .either = consumer, isDirect { return (consumer, close(&state)) }
            state.consumer = nil
            return (consumer, close(&state))
        }
        guard let (consumer, batch) = handOver else { return }
        if case .either(_, let handle) = consumer, isDirect {
            handle(batch)
        } else {
            consumer.resume(returning: batch)
        }
    }

    private static let directLimit = 8

    /// Whether as many reports wait as may. If so, the next acknowledgement wakes the thread.
    func isFull() -> Bool {
        state.withLock { state in
            let isFull = state.open.count + state.inFlightReports >= limit
            if isFull { state.wantsAcknowledgements = true }
            return isFull
        }
    }

    /// The batch that all reports so far are in; acknowledged when `isAcknowledged` says so.
    func lastBatch() -> UInt64 {
        state.withLock { $0.open.isEmpty ? $0.number - 1 : $0.number }
    }

    /// Whether this batch and all before are acknowledged. If not, the next acknowledgement wakes the
    /// thread.
    func isAcknowledged(through number: UInt64) -> Bool {
        state.withLock { state in
            let isOpen = !state.open.isEmpty && state.number <= number
            if !isOpen, !state.inFlight.keys.contains(where: { $0 <= number }) { return true }
            state.wantsAcknowledgements = true
            return false
        }
    }

    func end(_ barriers: [CheckedContinuation<Void, Never>]) {
        let (consumer, waiting) = state.withLock { state in
            state.hasEnded = true
            defer {
                state.consumer = nil
                state.barriers = []
                state.stoppers = []
            }
            return (state.consumer, state.barriers + state.stoppers)
        }
        consumer?.resume(returning: nil)
        for continuation in barriers + waiting { continuation.resume() }
    }

    // MARK: The consumer's side

    func next() async -> WatchBatch? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state -> WatchBatch?? in
                    if !state.open.isEmpty { return close(&state) }
                    // A second consumer, or one that was cancelled, gets nothing.
                    if state.hasEnded || Task.isCancelled || state.consumer != nil {
                        return .some(nil)
                    }
                    state.consumer = .task(continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let consumer = state.withLock { state in
                defer { state.consumer = nil }
                return state.consumer
            }
            consumer?.resume(returning: nil)
        }
    }

    func nextBlocking(
        orHere handle: (@Sendable (WatchBatch) -> Void)? = nil
    ) -> WatchBatch? {
        let handover = Handover()
        let now = state.withLock { state -> WatchBatch?? in
            if !state.open.isEmpty { return close(&state) }
            if state.hasEnded || state.consumer != nil { return .some(nil) }
            state.consumer = handle.map { .either(handover, $0) } ?? .thread(handover)
            return nil
        }
        if let now { return now }
        return handover.take()
    }

    func reconfigure(_ configuration: WatchConfiguration) {
        state.withLock { $0.configuration = configuration }
        wakeUp.signal()
    }

    func barrier() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.barriers.append(continuation) }
                wakeUp.signal()
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    func stop() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.isStopping = true
                if !state.hasEnded { state.stoppers.append(continuation) }
                wakeUp.signal()
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func close(_ state: inout State) -> WatchBatch {
        let number = state.number
        state.number += 1
        state.inFlight[number] = state.open.count
        state.inFlightReports += state.open.count
        let batch = WatchBatch(state.open) { [weak self] in self?.acknowledge(number) }
        state.open = []
        return batch
    }

    private func acknowledge(_ number: UInt64) {
        state.withLock { state in
            guard let count = state.inFlight.removeValue(forKey: number) else { return }
            state.inFlightReports -= count
            if state.wantsAcknowledgements {
                state.wantsAcknowledgements = false
                wakeUp.signal()
            }
        }
    }
}
