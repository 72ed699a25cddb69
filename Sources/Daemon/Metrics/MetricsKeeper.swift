import LinuxSystem
import Millrace
import Runtime
import Synchronization
import Vault
import Watching

/// Writes the metrics for node_exporter's textfile collector: some seconds after something has changed,
/// and again while anything runs or waits. When there is nothing to do it does nothing, not even look at
/// a clock. What goes wrong here is told in the log once, and is no reason to stop.
final class MetricsKeeper: Sendable {
    /// Where it looks when it writes.
    struct Sources: Sendable {
        let layout: WorkspaceLayout
        let vault: Vault
        let runtime: Runtime
        let version: String
        let tell: @Sendable (String) -> Void
        let head: @Sendable () -> UInt64
        let isWritable: @Sendable () -> Bool
        let coverage: @Sendable () -> (watched: Int, scanned: Int)
    }

    private struct State {
        var tally = DaemonMetrics.Tally()
        /// It is going to be written.
        var isArmed = false
        var hasEnded = false
        var hasFailed = false
        var vault: (objects: Int, bytes: Int)?
        /// When the vault was measured, and how long that took, in milliseconds of the monotonic clock;
        /// and how many changes there had been when it began.
        var measured: (at: Int64, took: Int64, changes: Int)?
        /// It is measured now, or at the end of a pause.
        var isMeasuring = false
        /// Calls that told of journaled events.
        var changes = 0
    }

    private let sources: Sources
    private let started = WallClock.now
    private let state = Mutex(State())

    init(_ sources: Sources) { self.sources = sources }

    /// These events were journaled.
    func committed(_ events: [Event]) {
        state.withLock { state in
            for event in events { state.tally.events[event.type, default: 0] += 1 }
            state.changes += 1
        }
        arm()
    }

    /// These reports of the watcher were journaled.
    func taken(_ reports: [WatchReport]) {
        state.withLock { state in
            for case .change(let change) in reports where change.kind != .removed {
                state.tally.files += 1
                state.tally.bytes += change.version.size
            }
        }
    }

    /// The journal can be written now, or cannot. On the journal's threads.
    func journalChanged() {
        TaskPool.start {
            if !self.state.withLock({ $0.hasEnded }) { self.write(isUp: true) }
        }
    }

    private func arm() {
        let mustStart = state.withLock { state in
            guard !state.isArmed, !state.hasEnded else { return false }
            state.isArmed = true
            return true
        }
        guard mustStart else { return }
        let interval = sources.runtime.settings.metrics.interval.seconds
        TaskPool.start {
            guard (try? await TaskPool.sleep(seconds: interval)) != nil else { return }
            self.write()
        }
    }

    private func write() {
        let isWanted = state.withLock { state in
            state.isArmed = false
            return !state.hasEnded
        }
        guard isWanted else { return }
        write(isUp: true)
        measureVault()
        if sources.runtime.isIdle { MemoryFootprint.trim() } else { arm() }
    }

    /// Writes a last time. Call it when nothing happens any more.
    func finish() {
        state.withLock { $0.hasEnded = true }
        write(isUp: false)
    }

    private func write(isUp: Bool) {
        guard let file = sources.layout.metrics(sources.runtime.settings.metrics) else { return }
        do {
            try check(file)
            // The last folder alone: a workspace that was taken away is not made again.
            if try FileStatus.of(file.parent.parent) != nil {
                try Files.makeDirectories(file.parent)
            }
            // A reader sees the old or the new, and a power cut may take it: there is another soon.
            try Files.replace(
                file, with: Array(MetricFamily.text(metrics(isUp: isUp).families()).utf8),
                durable: false, temporary: file.parent.appending(".\(file.name.string).tmp"))
            state.withLock { $0.hasFailed = false }
        } catch {
            if !sources.isWritable() { MetricFamily.noteUnwritable(in: file) }
            let isFirst = state.withLock { state in
                defer { state.hasFailed = true }
                return !state.hasFailed
            }
            if isFirst { sources.tell("the metrics could not be written: \(error)") }
        }
    }

    /// - Throws: for a file among the inputs, where it would be a drop each time.
    private func check(_ file: FilePath) throws {
        for input in WorkspaceLayout.inputs
        where file.bytes.starts(with: sources.layout.root.appending(input + "/").bytes) {
            throw ReactionError("metrics.textfile is in \(input)/, where files are dropped")
        }
    }

    private func metrics(isUp: Bool) -> DaemonMetrics {
        let runtime = sources.runtime
        let (tally, vault) = state.withLock { ($0.tally, $0.vault) }
        let coverage = sources.coverage()
        return DaemonMetrics(
            version: sources.version, started: started, now: WallClock.now, isUp: isUp,
            isWritable: sources.isWritable(), head: sources.head(), journalBytes: journalBytes,
            tally: tally, plugins: runtime.reports,
            deadLetters: runtime.projection(DeadLetterBook.self)?.letters.mapValues(\.count) ?? [:],
            datasets: runtime.projection(DatasetRegistry.self) ?? DatasetRegistry(),
            models: runtime.projection(ModelRegistry.self) ?? ModelRegistry(),
            drift: runtime.projection(DriftRecord.self) ?? DriftRecord(),
            refusedFiles: runtime.projection(WatchRecord.self)?.refused.count ?? 0,
            watched: coverage.watched, scanned: coverage.scanned, vault: vault)
    }

    private var journalBytes: Int {
        let names = (try? Files.names(in: sources.layout.journal)) ?? []
        return names.reduce(0) { sum, name in
            let path = sources.layout.journal.appending(name)
            return sum + (((try? FileStatus.of(path)) ?? nil)?.size ?? 0)
        }
    }

    // MARK: the vault

    /// Looks at every object of the vault, on a thread of the lowest priority, when events were journaled
    /// since it last did: at once, or when the pause after the last time is over, which keeps it to one
    /// part in a hundred of the time.
    func measureVault() {
        let pause = sources.runtime.settings.metrics.interval.milliseconds
        let wait: Int64? = state.withLock { state in
            if state.isMeasuring || state.hasEnded { return nil }
            var wait: Int64 = 0
            if let last = state.measured {
                if last.changes == state.changes { return nil }
                let due = last.at + max(Int64(pause), 100 * last.took)
                wait = max(0, due - ProgramRunner.monotonicMilliseconds())
            }
            state.isMeasuring = true
            return wait
        }
        guard let wait else { return }
        if wait == 0 { return startMeasuring() }
        TaskPool.start {
            try? await TaskPool.sleep(seconds: Double(wait) / 1000)
            self.startMeasuring()
        }
    }

    private func startMeasuring() {
        do { try DetachedThread.start { self.measure() } } catch {
            state.withLock { $0.isMeasuring = false }
        }
    }

    private func measure() {
        ThreadPriority.giveWay()
        let began = ProgramRunner.monotonicMilliseconds()
        let changes = state.withLock(\.changes)
        let found = try? sources.vault.measure()
        state.withLock { state in
            let now = ProgramRunner.monotonicMilliseconds()
            state.isMeasuring = false
            state.measured = (now, now - began, changes)
            state.vault = found ?? state.vault
        }
        arm()
    }
}
