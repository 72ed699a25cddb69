import Console
import Daemon
import Millrace
import Runtime

/// `millrace status`: how everything is.
struct StatusCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let plugins = Option.flag(
        "plugins", help: "also what each plugin did and has to do")

    var command: Command {
        let registry = registry
        let clock = clock
        return Command(
            "status", summary: "datasets, models, what runs, what waits, what failed",
            discussion: """
                Reads the journal, and needs no daemon. The champion is the version in the last \
                stage; the challenger is the latest version when it is another.
                With --at it says how everything was; what can only be known of the present (the \
                daemon, the progress of a run) is left out.
                """,
            group: "Look",
            examples: [
                .init("status", "how everything is"),
                .init("status --plugins", "with the work of each plugin"),
                .init("status --at '2026-03-03 14:00'", "how it was then (UTC)"),
                .init("status --json", "for programs"),
            ],
            options: [StatusCommand.plugins, Shared.at, Shared.json, Shared.workspace]
        ) { input in
            let now = clock()
            let moment = try Shared.moment(input, now: now)
            let report = try StatusAssembly(
                layout: try Shared.layout(input), registry: registry, moment: moment,
                clock: clock
            ).report()
            if input[Shared.json] {
                try Reading.write(report, to: input.out)
                return .success
            }
            let page = StatusPage(
                report: report, moment: moment, now: moment.time(present: now, last: report.time),
                showsPlugins: input[StatusCommand.plugins])
            input.out.lines(page.lines(for: input.out.terminal))
            return .success
        }
    }
}
