import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// Follows the journal from another process than the daemon's, shows each event as it comes, and
/// knows when nothing is left to do.
final class DemoTimeline {
    private let follower: JournalFollower
    private let catalogue = EventCatalogue()
    private let out: OutputWriter
    private var deliveries: DeliveryHistory
    /// Everything that was seen, by type.
    private(set) var seen: [String: [Event]] = [:]
    private var start: Timestamp?

    init(_ layout: WorkspaceLayout, _ plugins: [RegisteredPlugin], _ out: OutputWriter) throws {
        follower = try JournalReader(directory: layout.journal).follower()
        deliveries = DeliveryHistory(plugins: plugins)
        self.out = out
    }

    /// Shows what comes until the condition holds for an event that came.
    ///
    /// - Parameter alive: asked now and then; when it is false nothing more can come.
    func show(
        seconds: Int64, alive: () -> Bool, until condition: (DemoTimeline, Event) -> Bool
    ) throws {
        let deadline = ProgramRunner.monotonicMilliseconds() + seconds * 1000
        while true {
            let left = deadline - ProgramRunner.monotonicMilliseconds()
            guard left > 0 else {
                throw CommandFailure(
                    .work, "nothing happened that was waited for in \(String(seconds)) seconds",
                    advice: "the daemon's log is daemon.log in the workspace")
            }
            guard let batch = try follower.next(milliseconds: Int(min(left, 500))) else {
                guard alive() else {
                    throw CommandFailure(
                        .work, "the daemon has ended",
                        advice: "the daemon's log is daemon.log in the workspace")
                }
                continue
            }
            var isDone = false
            for event in batch {
                take(event)
                isDone = condition(self, event) || isDone
            }
            if isDone { return }
        }
    }

    /// No plugin has anything left to handle.
    var isIdle: Bool { deliveries.positions.values.allSatisfy(\.pending.isEmpty) }

    private func take(_ event: Event) {
        deliveries.apply(event)
        seen[event.type, default: []].append(event)
        if start == nil { start = event.time }
        guard !DemoTimeline.hidden.contains(event.type) else { return }
        let after = event.time.seconds(since: start ?? event.time)
        let kind = event.type + String(repeating: " ", count: max(0, 20 - event.type.count))
        let line: Text =
            "  \(Format.fixed(after, 3) + " s", .faint) \(kind, DemoTimeline.style(event)) \(catalogue.summary(of: event))"
        out.line(line.fitted(to: out.terminal))
        out.flush()
    }

    private static let hidden: Set<String> = [
        ReactionHandled.type, PluginRegistered.type, "journal.watermark",
    ]

    private static func style(_ event: Event) -> Style {
        switch event.type {
        case DataRejected.type, PromotionRefused.type, ReactionFailed.type, RunFailed.type:
            return .bad
        case DeploymentCompleted.type, DataAccepted.type: return .good
        case GatesEvaluated.type:
            return event.payload(as: GatesEvaluated.self)?.passed == true ? .good : .warning
        case DriftMeasured.type:
            return event.payload(as: DriftMeasured.self)?.drifted == true ? .warning : .name
        default: return .name
        }
    }
}
