import Console
import Daemon
import Millrace
import Runtime

/// `millrace doctor`: what would go wrong here, and what to do.
struct DoctorCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    /// The shape of `millrace doctor --json`.
    struct Answer: Codable, Sendable {
        /// Nothing is a problem; there may be warnings.
        var healthy: Bool
        var checks: [HealthCheck]
    }

    var command: Command {
        let registry = registry
        let clock = clock
        return Command(
            "doctor", summary: "what would go wrong here, and what to do about it",
            discussion: """
                Looks at the kernel's limits, the file system, permissions, the clock, memory and \
                the daemon. It changes nothing. Run it as the user that the daemon runs as. Exit \
                code 1: there is a problem; warnings alone give 0.
                """,
            group: "Trust", examples: [.init("doctor", "check this workspace")],
            options: [Shared.json, Shared.workspace]
        ) { input in
            let layout = try Shared.layout(input)
            let checks =
                KernelChecks(layout: layout).checks() + WatchChecks(layout: layout).checks()
                + StageChecks(layout: layout).checks()
                + DiskChecks(layout: layout).checks()
                + AccessChecks(layout: layout, registry: registry).checks()
                + MachineChecks(layout: layout, now: clock()).checks()
            let isHealthy = !checks.contains { $0.level == .problem }
            if input[Shared.json] {
                try Reading.write(Answer(healthy: isHealthy, checks: checks), to: input.out)
            } else {
                input.out.lines(DoctorCommand.page(checks, input.out.terminal))
            }
            return isHealthy ? .success : .negative
        }
    }

    static func page(_ checks: [HealthCheck], _ terminal: Terminal) -> [Text] {
        let column = (checks.map { displayWidth($0.name) }.max() ?? 0) + 11
        var lines: [Text] = []
        for check in checks {
            let style: Style =
                switch check.level {
                case .ok: .good
                case .warning: .warning
                case .problem: .bad
                }
            let head = Text(check.level.rawValue, style).padded(to: 9) + Text(check.name)
            let pieces = wrapped(check.found, width: max(20, terminal.width - column))
            for (index, piece) in pieces.enumerated() {
                lines.append((index == 0 ? head : Text()).padded(to: column) + Text(piece))
            }
            guard let advice = check.advice else { continue }
            lines += wrapped("what to do: " + advice, width: max(20, terminal.width - column)).map {
                Text.spaces(column) + Text($0, .strong)
            }
        }
        return lines
    }
}
