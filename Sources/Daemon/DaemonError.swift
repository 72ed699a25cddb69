import Journal
package import LinuxSystem

/// Why a daemon does not start.
package enum DaemonError: Error, Sendable, CustomStringConvertible {
    /// The settings file has these problems.
    case settings(FilePath, [String])
    /// Another daemon has the workspace.
    case locked(String)
    /// The journal is damaged.
    case damaged(String)
    /// It was asked to end while the start waited for room on a full disk.
    case endedWaiting
    /// The machine said no.
    case system(String)

    init(_ error: any Error) {
        switch error {
        case let error as DaemonError: self = error
        case let error as JournalError: self = DaemonError(journal: error)
        default: self = .system("\(error)")
        }
    }

    private init(journal error: JournalError) {
        switch error {
        case .locked: self = .locked("\(error)")
        case .damaged: self = .damaged("\(error)")
        case .diskFull: self = .endedWaiting
        default: self = .system("\(error)")
        }
    }

    package var description: String {
        switch self {
        case .settings(let file, let problems):
            "\(file) has \(problems.count) problem\(problems.count == 1 ? "" : "s"): "
                + problems.joined(separator: "; ")
        case .locked(let reason): "another daemon has this workspace: \(reason)"
        case .damaged(let reason):
            reason
        case .endedWaiting:
            "ended while the start waited for room on a full disk: nothing is lost; make room and start again"
        case .system(let reason): reason
        }
    }
}
