package import Millrace

/// What the watcher cannot do as it should, and which files it does not take.
package struct WatchRecord: Projection {
    package static let types: [any EventPayload.Type] = [
        WatchDegraded.self, WatchRecovered.self, FileRefused.self, FileArrived.self,
        FileRemoved.self, DaemonStarted.self,
    ]

    /// By reason: what is scanned from time to time instead of watched.
    package private(set) var degraded: [String: WatchDegraded] = [:]
    /// The files that lie in the workspace and are not taken in.
    package private(set) var refused: [WorkspacePath: FileRefused] = [:]

    package init() {}

    package func isIndifferent(to type: String) -> Bool {
        // Most files were never refused.
        (type == FileArrived.type || type == FileRemoved.type) && refused.isEmpty
    }

    package mutating func apply(_ event: Event) {
        switch event.type {
        case FileArrived.type:
            guard !refused.isEmpty, let file = event.payload(as: FileArrived.self) else { return }
            refused[file.path] = nil
            if let previous = file.previousPath { refused[previous] = nil }
        case FileRemoved.type:
            guard !refused.isEmpty, let file = event.payload(as: FileRemoved.self) else { return }
            refused[file.path] = nil
        case FileRefused.type:
            guard let file = event.payload(as: FileRefused.self) else { return }
            refused[file.path] = file
        case WatchDegraded.type:
            guard let part = event.payload(as: WatchDegraded.self) else { return }
            degraded[part.reason] = part
        case WatchRecovered.type:
            guard let recovered = event.payload(as: WatchRecovered.self) else { return }
            degraded[recovered.reason] = nil
        // A new daemon looks anew.
        case DaemonStarted.type: degraded = [:]
        default: break
        }
    }
}
