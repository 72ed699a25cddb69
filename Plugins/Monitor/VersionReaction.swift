import Millrace
import Tabular

/// Looks at a new dataset version on behalf of every pipeline that learns from it.
struct VersionReaction {
    let version: DatasetVersionCreated
    let context: Context
    let settings: MonitorSettings

    func events() throws -> [any EventPayload] {
        let added = try Set(
            context.events.flatMap { try $0.decode(DatasetVersionCreated.self).added })
        var events: [any EventPayload] = []
        for (name, pipeline) in context.settings.pipelines.sorted(by: { $0.key < $1.key })
        where pipeline.dataset == version.dataset {
            let measured = try measure(name, pipeline, added)
            if let measured { events.append(measured) }
            let drifted = measured?.columns.filter(\.drifted).map(\.column) ?? []
            events += try Retraining(pipeline: name, settings: pipeline, context: context)
                .decide(about: version, drift: drifted, code: [])
        }
        return events
    }

    private func measure(
        _ name: String, _ pipeline: Pipeline, _ added: Set<WorkspacePath>
    ) throws -> DriftMeasured? {
        guard let model = try context.state(ModelRegistry.self).models[name],
            let live = pipeline.stages.last.flatMap({ model.live(in: $0) }),
            let champion = model.versions[live]?.created,
            let windows = try DriftWindows(
                champion, added: added, in: version, minimumRows: pipeline.drift.minimumRows,
                from: context.files)
        else { return nil }
        let known = try context.state(ReferenceProfiles.self).last(for: name)
        let measuring = try DriftMeasuring(
            pipeline: name, settings: pipeline, windows: windows, files: context.files,
            known: known.map { KnownReference($0, of: model) })
        if measuring.report.isDrifted || settings.reportQuiet {
            try DriftPage(measuring: measuring, event: context.event, plots: settings.plots)
                .write(context.outputs)
        }
        return measuring.event
    }
}
