import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization

/// Keeps what is derived from the journal up to date, on a thread of the lowest priority: snapshots, so
/// that the next start and every look at the past are fast. What goes wrong here is told in the log and
/// costs time, nothing else.
final class StateKeeper: Sendable {
    private let maker: SnapshotMaker
    private let tell: @Sendable (String) -> Void
    private let spacing: UInt64
    private let state = Mutex(State())
    /// Held by whoever makes snapshots.
    private let making = Mutex(())
    private let work = ThreadSemaphore()
    private let ended = ThreadSemaphore()

    private struct State {
        /// The last record of the journal, and of the last snapshot.
        var head: UInt64 = 0
        var kept: UInt64 = 0
        var isAsked = false
        var isEnding = false
        var hasThread = false
    }

    /// - Parameter tell: called with what went wrong.
    init(
        _ maker: SnapshotMaker, policy: SnapshotMaker.Policy,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.maker = maker
        self.tell = tell
        spacing = policy.spacing
    }

    /// Lends the maker of snapshots to somebody who needs one, or needs one to stay, at a certain record.
    func exclusively<R>(_ body: (SnapshotMaker) throws -> R) rethrows -> R {
        try making.withLock { _ in try body(maker) }
    }

    /// Begins. Without a thread there are no snapshots, which is no reason not to work.
    ///
    /// - Parameter check: done once, when the snapshots are up to date.
    func start(_ check: @escaping @Sendable () -> Void) {
        do {
            state.withLock { $0.hasThread = true }
            try DetachedThread.start { self.run(check) }
        } catch {
            state.withLock { $0.hasThread = false }
            tell("snapshots are not made: \(error)")
        }
    }

    /// The journal has come this far.
    func committed(_ head: UInt64) {
        let isDue = state.withLock { state in
            state.head = head
            guard head >= state.kept + spacing, !state.isAsked else { return false }
            state.isAsked = true
            return true
        }
        if isDue { work.signal() }
    }

    /// Writes a last snapshot, so that the next start has nothing to fold. Call it when nothing is
    /// appended any more.
    func finish() {
        let hasThread = state.withLock { state in
            state.isEnding = true
            return state.hasThread
        }
        guard hasThread else { return }
        work.signal()
        ended.wait()
        update(isFinal: true)
    }

    private func run(_ check: @escaping @Sendable () -> Void) {
        ThreadPriority.giveWay()
        update(isFinal: false)
        // On a thread that nobody waits for: a long history takes its time.
        try? DetachedThread.start {
            ThreadPriority.giveWay()
            check()
        }
        while !isEnding {
            work.wait()
            if isEnding { break }
            update(isFinal: false)
            MemoryFootprint.trim()
        }
        ended.signal()
    }

    private var isEnding: Bool { state.withLock { $0.isEnding } }

    private func update(isFinal: Bool) {
        do {
            let last = try exclusively { maker in
                try maker.bringUpToDate(isFinal: isFinal) { isFinal || !isEnding }
            }
            state.withLock { state in
                state.kept = last
                state.isAsked = false
            }
        } catch {
            // The next try comes when as many records more are there.
            state.withLock { state in
                state.kept = state.head
                state.isAsked = false
            }
            tell("a snapshot could not be made, which only costs time: \(error)")
        }
    }
}
