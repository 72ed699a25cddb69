import Millrace
import Synchronization

/// A clock that says what it is told.
final class ReplayedClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 0))

    var now: Timestamp {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}
