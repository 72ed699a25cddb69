package import Journal
package import LinuxSystem

/// Why a daemon does not start.
package enum DaemonError: Error, Sendable, CustomStringConvertible {
    /// The settings file has these problems.
    case settings(FilePath, [String])
    /// Another daemon has the workspace.
    case locked(String)
    /// The journal is damaged.
    case damaged(String)
    /// The machine said no.
    case system(String)

    package init(_ error: JournalError) {
        switch error {
        case .locked: self = .locked("\(error)")
        case .damaged: self = .damaged("\(error)")
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
        case .system(let reason): reason
        }
    }
}
