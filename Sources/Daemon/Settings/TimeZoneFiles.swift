import Glibc
package import LinuxSystem
package import Millrace

/// The time zone database of the machine: one compiled file for each name (tzfile(5)).
package enum TimeZoneFiles {
    /// Why a zone cannot be had, and what to do.
    package struct Problem: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Where the database is; `TZDIR` names another place, as it does for the C library.
    package static var folder: FilePath {
        FilePath(ProgramCommand.variable("TZDIR") ?? "/usr/share/zoneinfo")
    }

    /// Whether there is one.
    package static var isThere: Bool { (try? FileStatus.of(folder))??.kind != nil }

    package static func rules(_ name: String) throws(Problem) -> TimeZoneRules {
        let bytes = try bytes(name)
        do throws(TimeZoneRules.Malformed) { return try TimeZoneRules(tzif: bytes) } catch {
            throw Problem(
                description: "the time zone '\(name)' of \(folder) cannot be read: \(error.reason)")
        }
    }

    /// The file of a name.
    package static func bytes(_ name: String) throws(Problem) -> [UInt8] {
        guard TimeZoneRules.isName(name) else {
            throw Problem(description: "'\(name)' is no name of a time zone")
        }
        do throws(SystemError) {
            // Many names are links to others.
            let file = try FileDescriptor.open(folder.appending(name), O_RDONLY | O_NONBLOCK)
            guard try file.status().kind == .regular else { throw SystemError(.notFound, "open") }
            return try file.readAll(limit: TimeZoneRules.sizeLimit)
        } catch {
            let fixed = "\"UTC\" and offsets such as \"+02:00\" need none"
            throw Problem(
                description: isThere
                    ? "there is no time zone '\(name)' in \(folder), such as \"Europe/Berlin\""
                    : "there is no time zone database at \(folder) (the package tzdata); \(fixed)")
        }
    }

    /// What is wrong with the zones that settings name, and where.
    package static func problems(
        in settings: WorkspaceSettings
    ) -> [(path: [String], problem: Problem)] {
        var found = times(settings.schedule).problems.map { name, problem in
            (path: ["schedule", name, "zone"], problem: problem)
        }
        for (name, pipeline) in settings.pipelines.sorted(by: { $0.key < $1.key }) {
            let zone = pipeline.retrain.quiet.zone
            guard TimeZoneRules.fixed(parsing: zone) == nil else { continue }
            do throws(Problem) { _ = try rules(zone) } catch {
                found.append((["pipelines", name, "retrain", "quiet", "zone"], error))
            }
        }
        return found
    }

    /// The moments of each entry, and what is wrong with the zones of the others.
    package static func times(
        _ schedule: [String: ScheduleEntry]
    ) -> (times: [String: DueTimes], problems: [(name: String, Problem)]) {
        var times: [String: DueTimes] = [:]
        var problems: [(name: String, Problem)] = []
        for (name, entry) in schedule.sorted(by: { $0.key < $1.key }) {
            do throws(Problem) {
                times[name] = try entry.times(rules)
            } catch {
                problems.append((name, error))
            }
        }
        return (times, problems)
    }
}
