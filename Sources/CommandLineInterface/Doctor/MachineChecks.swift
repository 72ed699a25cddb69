import Console
import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime

/// The machine and what runs on it: clock, memory, the daemon.
struct MachineChecks {
    let layout: WorkspaceLayout
    let now: Timestamp

    private static let memoryMin: Int64 = 256_000_000

    func checks() -> [HealthCheck] {
        let journal = journal()
        return [clock(last: journal.last), zones(), memory(), journal.check]
    }

    private func clock(last: Timestamp?) -> HealthCheck {
        let name = "clock"
        let text = "\(Format.dateAndTime(now)) UTC"
        let advice = "set the clock, and have it kept: systemd-timesyncd or chrony"
        // The first release is of 2026; nothing after 2100 is believed.
        guard let first = Timestamp(parsing: "2026-01-01"),
            let end = Timestamp(parsing: "2100-01-01"), first <= now, now < end
        else { return .problem(name, text, advice) }
        if let last, last.seconds(since: now) > 1 {
            return .warning(
                name,
                "\(text), but the last record is of \(Format.dateAndTime(last)): it went back",
                advice + "; until then all records get that time")
        }
        return .ok(name, text)
    }

    /// The schedule and quiet hours may go by the clocks of other places.
    private func zones() -> HealthCheck {
        let name = "time zones"
        let place = "the database at \(TimeZoneFiles.folder)"
        return TimeZoneFiles.isThere
            ? .ok(name, place)
            : .warning(
                name, "\(place) is not there",
                "install tzdata; without it settings know UTC and offsets such as +02:00 only")
    }

    private func memory() -> HealthCheck {
        let name = "memory"
        guard let available = MachineChecks.availableMemory() else {
            return .warning(name, "it cannot be read", "is /proc mounted?")
        }
        let text = "\(Format.bytes(available)) available"
        return available < MachineChecks.memoryMin
            ? .warning(name, text, "a training may be ended for want of memory; add some")
            : .ok(name, text)
    }

    static func availableMemory() -> Int64? {
        guard let file = try? FileDescriptor.open(FilePath("/proc/meminfo"), O_RDONLY),
            let bytes = try? file.readAll(limit: 1 << 16)
        else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("MemAvailable:") {
            return Int64(line.filter(\.isNumber)).map { $0.multipliedReportingOverflow(by: 1024) }
                .flatMap { $0.overflow ? nil : $0.partialValue }
        }
        return nil
    }

    /// Whether the journal can be read, who writes it, and when it was written last.
    private func journal() -> (check: HealthCheck, last: Timestamp?) {
        let name = "daemon"
        guard let status = try? FileStatus.of(layout.journal), status.kind == .directory else {
            return (.ok(name, "never started"), nil)
        }
        do {
            let reader = JournalReader(directory: layout.journal)
            let view = try WorkspaceView(reader, projections: [DaemonRecord.self])
            let record = view.state(DaemonRecord.self)
            if try reader.hasWriter() {
                let pid = record.started.map { ", process \($0.pid)" } ?? ""
                return (.ok(name, "running\(pid)"), view.time)
            }
            if record.started != nil, record.stopped == nil {
                let found = "not running, and it did not say that it ends"
                return (
                    .warning(name, found, "start it: 'millrace run'; it finishes its work"),
                    view.time
                )
            }
            return (.ok(name, "not running"), view.time)
        } catch {
            return (
                .problem(
                    name, "the journal cannot be read: \(error)",
                    "'millrace verify' says what is provable"), nil
            )
        }
    }
}
