import Console
import Daemon
import Glibc
import LinuxSystem

/// The file system that the workspace lies on.
struct DiskChecks {
    let layout: WorkspaceLayout

    private static let bytesMin: Int64 = 1_000_000_000
    private static let inodesMin: Int64 = 10_000

    func checks() -> [HealthCheck] { [kind(), leases()] + space() }

    private func kind() -> HealthCheck {
        let name = "file system"
        guard let root = try? FileDescriptor.open(layout.root, O_RDONLY | O_DIRECTORY),
            let kind = try? FileSystemKind(of: root)
        else {
            return .problem(name, "it cannot be looked at", "check the folder's permissions")
        }
        switch kind {
        case .local: return .ok(name, "local; changes are notified")
        case .silent(let type):
            return .warning(
                name, "\(type): other machines change files without this kernel hearing of it",
                "drops are found by scanning; keep .millrace on a local disk: locks and syncs "
                    + "over a network are not to be trusted")
        }
    }

    /// Whether the kernel says if anybody still writes a file.
    private func leases() -> HealthCheck {
        let name = "leases"
        FileDescriptor.ignoreLeaseSignals()
        guard let file = try? FileDescriptor.open(layout.settings, O_RDONLY | O_NOFOLLOW) else {
            return .warning(name, "millrace.json cannot be opened", "check its permissions")
        }
        switch file.probeWriters() {
        case .none, .present: return .ok(name, "the kernel says whether a file is still written")
        case .unknown:
            return .warning(
                name, "not for files of others, or not on this file system",
                "run the daemon as the owner of the drops, or set datasets.NAME.settle")
        }
    }

    private func space() -> [HealthCheck] {
        var status = statvfs()
        let result = layout.root.withCString { statvfs($0, &status) }
        guard result == 0 else {
            let reason = "\(SystemError(.current, "statvfs", layout.root.description))"
            return [.problem("disk space", reason, "check the folder")]
        }
        var checks: [HealthCheck] = []
        if status.f_flag & UInt(ST_RDONLY) != 0 {
            checks.append(
                .problem(
                    "read-only", "the file system is mounted read-only",
                    "put the workspace on one that can be written"))
        }
        let block = Int64(clamping: status.f_frsize)
        let (product, overflow) = Int64(clamping: status.f_bavail)
            .multipliedReportingOverflow(by: block)
        let free = overflow ? Int64.max : product
        let text = "\(Format.bytes(free)) free"
        let advice =
            "make room: drops are copied into the vault, and the daemon waits on a full disk"
        if free < DiskChecks.bytesMin / 10 {
            checks.append(.problem("disk space", text, advice))
        } else if free < DiskChecks.bytesMin {
            checks.append(.warning("disk space", text, advice))
        } else {
            checks.append(.ok("disk space", text))
        }
        // Some file systems make inodes as they go and say 0 of 0.
        let inodes = Int64(clamping: status.f_favail)
        if status.f_files > 0 {
            let text = "\(Format.count(Int(inodes))) free"
            checks.append(
                inodes < DiskChecks.inodesMin
                    ? .warning("inodes", text, "each drop needs two; remove small files")
                    : .ok("inodes", text))
        }
        return checks
    }
}
