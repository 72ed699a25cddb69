package import Millrace

/// Who ran the daemon last, and how that ended.
package struct DaemonRecord: Projection {
    package static let types: [any EventPayload.Type] = [DaemonStarted.self, DaemonStopped.self]

    package private(set) var started: DaemonStarted?
    package private(set) var startedAt: Timestamp?
    /// Nil while it runs, and after a crash.
    package private(set) var stopped: DaemonStopped?
    package private(set) var stoppedAt: Timestamp?

    package init() {}

    package mutating func apply(_ event: Event) {
        if let started = event.payload(as: DaemonStarted.self) {
            self.started = started
            startedAt = event.time
            stopped = nil
            stoppedAt = nil
        } else if let stopped = event.payload(as: DaemonStopped.self) {
            self.stopped = stopped
            stoppedAt = event.time
        }
    }
}
