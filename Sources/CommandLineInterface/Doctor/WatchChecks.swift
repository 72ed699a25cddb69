import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// What the daemon that runs cannot watch, as it says itself.
struct WatchChecks {
    let layout: WorkspaceLayout

    func checks() -> [HealthCheck] {
        let name = "watching"
        let reader = JournalReader(directory: layout.journal)
        guard (try? reader.hasWriter()) == true,
            let view = try? WorkspaceView(reader, projections: [WatchRecord.self])
        else { return [] }
        let parts = view.state(WatchRecord.self).degraded.values.sorted { $0.part < $1.part }
        if parts.isEmpty { return [.ok(name, "every input folder is watched")] }
        return parts.map { part in
            .warning(
                name,
                "\(part.part) is scanned every "
                    + "\(Format.duration(seconds: part.intervalSeconds)) instead", part.reason)
        }
    }
}
