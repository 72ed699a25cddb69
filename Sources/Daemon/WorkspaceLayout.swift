package import LinuxSystem
package import Millrace
package import Runtime

/// Where things are in a workspace.
package struct WorkspaceLayout: Sendable {
    package let root: FilePath

    package init(root: FilePath) { self.root = root }

    package var settings: FilePath { root.appending("millrace.json") }
    package var state: FilePath { root.appending(".millrace") }
    package var journal: FilePath { state.appending("journal") }
    package var snapshots: SnapshotStore { SnapshotStore(beside: journal) }
    package var vault: FilePath { state.appending("vault") }
    package var jobs: FilePath { state.appending("jobs") }
    package var outgoing: FilePath { state.appending("outgoing") }
    var recognised: FilePath { state.appending("recognised") }
    var pause: FilePath { state.appending("pause") }
    package var inbox: FilePath { root.appending("inbox") }
    package var sample: FilePath { root.appending("sample") }

    /// The folders that take drops.
    package static let inputs = ["data", "contracts", "code", "metrics", "inbox"]
    /// The folders that Millrace writes.
    package static let outputs = ["models", "deployments", "quarantine", "reports"]

    /// The file for Prometheus; nil when there is to be none.
    package func metrics(_ settings: MetricsSettings) -> FilePath? {
        let name = settings.textfile
        if name.isEmpty { return nil }
        return name.hasPrefix("/") ? FilePath(name) : root.appending(name)
    }

    package func path(of path: WorkspacePath) -> FilePath {
        root.appending(FilePath(bytes: path.bytes))
    }
}
