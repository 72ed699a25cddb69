import Console
import Daemon
import Glibc
import LinuxSystem
import Millrace
import Runtime

/// Who may do what in the workspace.
struct AccessChecks {
    let layout: WorkspaceLayout
    let registry: PluginRegistry

    func checks() -> [HealthCheck] {
        var checks = [settings(), trust()]
        checks += folders()
        checks.append(state())
        return checks
    }

    private func settings() -> HealthCheck {
        let name = "settings"
        do {
            let checked = try CheckedSettings.read(layout, registry)
            return .ok(name, Format.count(checked.settings.pipelines.count, "pipeline"))
        } catch {
            return .problem(
                name, error.list.joined(separator: "; "), "mend \(layout.settings.description)")
        }
    }

    /// What can make the daemon run something belongs to its user or to root.
    private func trust() -> HealthCheck {
        let name = "trust"
        do {
            try Trust.check(layout.settings)
            return .ok(name, "nobody else can write millrace.json")
        } catch {
            return .problem(name, "\(error)", "the daemon does not start before")
        }
    }

    private func folders() -> [HealthCheck] {
        let all = WorkspaceLayout.inputs + WorkspaceLayout.outputs
        var problems: [HealthCheck] = []
        for folder in all {
            let path = layout.root.appending(folder)
            let status = (try? FileStatus.of(path)) ?? nil
            guard let status else {
                if WorkspaceLayout.outputs.contains(folder) || canWrite(layout.root) { continue }
                problems.append(
                    .problem(folder, "it is not there and cannot be made", "make it"))
                continue
            }
            if status.kind != .directory {
                problems.append(.problem(folder, "it is no folder", "remove it"))
            } else if !canWrite(path) {
                problems.append(
                    .problem(
                        folder, "this user cannot write there",
                        "'chown -R \(geteuid()) \(path.description)', or run as its owner"))
            } else if status.mode & 0o002 != 0 {
                problems.append(
                    .warning(
                        folder, "everybody can write there: who may write may drop and decide",
                        "'chmod o-w \(path.description)'"))
            }
        }
        return problems.isEmpty
            ? [.ok("folders", "all \(all.count) can be written")] : problems
    }

    /// The journal and the vault.
    private func state() -> HealthCheck {
        let name = "state"
        guard let found = try? FileStatus.of(layout.state) else {
            return .ok(name, ".millrace is made at the first start")
        }
        if found.user != geteuid() {
            return .problem(
                name, ".millrace belongs to user \(found.user), this is user \(geteuid())",
                "run as that user, or 'chown -R \(geteuid()) \(layout.state.description)'")
        }
        if found.mode & 0o022 != 0 {
            return .problem(
                name, "others can write .millrace", "'chmod go-w \(layout.state.description)'")
        }
        return .ok(name, ".millrace belongs to this user alone")
    }

    private func canWrite(_ path: FilePath) -> Bool {
        path.withCString { faccessat(AT_FDCWD, $0, R_OK | W_OK | X_OK, AT_EACCESS) == 0 }
    }
}
