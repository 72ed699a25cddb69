import Synchronization

/// How far the daemon is between its start and its end, for whoever waits for room on a full disk.
final class LifePhase: Sendable {
    enum Phase {
        case starting
        case running
        /// Asked to end, and what ran had its time.
        case ending
    }

    private let phase = Mutex(Phase.starting)

    func become(_ next: Phase) { phase.withLock { $0 = next } }

    var isStarting: Bool { phase.withLock { $0 == .starting } }

    var isEnding: Bool {
        switch phase.withLock({ $0 }) {
        // Nobody reads the signals yet.
        case .starting: DaemonSignals.isStopPending
        case .running: false
        case .ending: true
        }
    }
}
