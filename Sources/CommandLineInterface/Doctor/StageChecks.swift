import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// Whether servers find what the journal says is live.
struct StageChecks {
    let layout: WorkspaceLayout

    func checks() -> [HealthCheck] {
        let name = "stages"
        let reader = JournalReader(directory: layout.journal)
        guard
            let view = try? WorkspaceView(
                reader, projections: [ModelRegistry.self, SettingsInForce.self]),
            let settings = view.state(SettingsInForce.self).settings
        else { return [] }
        let models = view.state(ModelRegistry.self)
        let flaws = StageLinks(layout).flaws(models, settings)
        if !flaws.isEmpty {
            return flaws.map { flaw in
                .problem(
                    name, "\(flaw.stage) has not v\(flaw.version.version): \(flaw.finding)",
                    "restart the daemon: it puts it right, and journals that it did")
            }
        }
        let count = settings.pipelines.reduce(0) { sum, pipeline in
            sum + pipeline.value.stages.count { models.models[pipeline.key]?.live(in: $0) != nil }
        }
        return count == 0
            ? [] : [.ok(name, "\(Format.count(count, "link")) as the journal says")]
    }
}
