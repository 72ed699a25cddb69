import Console
import Daemon
import Glibc
import LinuxSystem

/// The kernel's limits on watching, against what this workspace needs.
struct KernelChecks {
    let layout: WorkspaceLayout

    /// More folders are not counted: no limit of the kernel is near it.
    private static let foldersMax = 4_000_000

    func checks() -> [HealthCheck] { [watches(), instances(), queue(), descriptors()] }

    private func watches() -> HealthCheck {
        let name = "watches"
        guard let limit = KernelChecks.limit("max_user_watches") else { return unknown(name) }
        let needed = folders()
        let used = InotifyUse.ofThisUser()
        let found = """
            \(Format.count(needed, "folder")) to watch, \(Format.count(used.watches)) of \
            \(Format.count(limit)) in use by this user
            """
        // The daemon's own, if it runs, are among those in use: no more than needed is free then.
        let room = limit - max(0, used.watches - needed)
        let advice = "raise it: 'sysctl fs.inotify.max_user_watches=\(max(limit, needed) * 2)'"
        if needed > room {
            return .problem(name, found, advice + "; folders beyond it are scanned")
        }
        if needed * 2 > room { return .warning(name, found, advice) }
        return .ok(name, found)
    }

    private func instances() -> HealthCheck {
        let name = "instances"
        guard let limit = KernelChecks.limit("max_user_instances") else { return unknown(name) }
        let used = InotifyUse.ofThisUser().instances
        let found = "\(Format.count(used)) of \(Format.count(limit)) in use by this user"
        let advice = "raise it: 'sysctl fs.inotify.max_user_instances=\(max(limit, 1) * 2)'"
        if used >= limit { return .problem(name, found, advice) }
        if limit - used < 8 { return .warning(name, found, advice) }
        return .ok(name, found)
    }

    private func queue() -> HealthCheck {
        let name = "event queue"
        guard let limit = KernelChecks.limit("max_queued_events") else { return unknown(name) }
        let found = "\(Format.count(limit)) notifications; beyond it everything is looked at again"
        return limit < 4096
            ? .warning(name, found, "raise it: 'sysctl fs.inotify.max_queued_events=16384'")
            : .ok(name, found)
    }

    private func descriptors() -> HealthCheck {
        let name = "open files"
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return unknown(name)
        }
        let count = Int(clamping: limit.rlim_cur)
        let found = "\(Format.count(count)) allowed"
        return count < 256
            ? .warning(name, found, "raise it: 'ulimit -n 1024', or LimitNOFILE= in the unit")
            : .ok(name, found)
    }

    private func unknown(_ name: String) -> HealthCheck {
        .warning(name, "the limit cannot be read", "is /proc mounted?")
    }

    static func limit(_ name: String) -> Int? {
        let path = FilePath("/proc/sys/fs/inotify/\(name)")
        guard let file = try? FileDescriptor.open(path, O_RDONLY),
            let bytes = try? file.readAll(limit: 64)
        else { return nil }
        // No kernel allows more; so what follows can reckon with it.
        return Int(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)).map {
            min($0, 1 << 40)
        }
    }

    /// How many folders the inputs have, links not followed.
    private func folders() -> Int {
        var waiting = WorkspaceLayout.inputs.map { layout.root.appending($0) }
        var count = 1
        while let folder = waiting.popLast(), count < KernelChecks.foldersMax {
            guard let names = try? Files.names(in: folder) else { continue }
            count += 1
            for name in names {
                let path = folder.appending(name)
                if let status = try? FileStatus.of(path), status.kind == .directory {
                    waiting.append(path)
                }
            }
        }
        return count
    }
}

/// What this user's processes have of inotify, as /proc shows it.
struct InotifyUse: Equatable {
    var instances = 0
    var watches = 0

    static func ofThisUser() -> InotifyUse {
        var use = InotifyUse()
        for process in (try? Files.names(in: FilePath("/proc"))) ?? []
        where process.bytes.allSatisfy({ (48...57).contains($0) }) {
            let folder = FilePath("/proc").appending(process)
            guard let status = try? FileStatus.of(folder), status.user == geteuid() else {
                continue
            }
            for name in (try? Files.names(in: folder.appending("fdinfo"))) ?? [] {
                guard isInotify(folder.appending("fd").appending(name)) else { continue }
                use.instances += 1
                use.watches += watches(folder.appending("fdinfo").appending(name))
            }
        }
        return use
    }

    private static func isInotify(_ link: FilePath) -> Bool {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = link.withCString { readlink($0, &buffer, buffer.count) }
        guard count > 0 else { return false }
        let target = buffer.prefix(count).map { UInt8(bitPattern: $0) }
        return target.elementsEqual("anon_inode:inotify".utf8)
    }

    private static func watches(_ info: FilePath) -> Int {
        guard let file = try? FileDescriptor.open(info, O_RDONLY),
            let bytes = try? file.readAll(limit: 64 << 20)
        else { return 0 }
        return bytes.split(separator: UInt8(ascii: "\n")).count { $0.starts(with: "inotify".utf8) }
    }
}
