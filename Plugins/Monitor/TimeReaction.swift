import Millrace

/// Looks at a pipeline because it is time to: an entry of the schedule is due, or a cool-down is over.
struct TimeReaction {
    let context: Context

    /// A person wrote into the schedule that it is to be trained: no cool-down speaks against that.
    func scheduled(_ due: ScheduleDue) throws -> [any EventPayload] {
        guard let name = due.retrain else { return [] }
        let asked = "the schedule's \(due.name), due \(due.due.toSecond)"
        func deferred(_ reason: String) -> [any EventPayload] {
            [TrainingDeferred(pipeline: name, reason: "\(asked): \(reason)")]
        }
        guard let pipeline = context.settings.pipelines[name] else {
            return deferred("the settings no longer have the pipeline \(name)")
        }
        let current = try context.state(DatasetRegistry.self).datasets[pipeline.dataset]?.current
        guard let current, current.rows > 0 else {
            return deferred("the dataset \(pipeline.dataset) has no rows yet")
        }
        return [
            TrainingRequested(
                pipeline: name, dataset: pipeline.dataset, version: current.version,
                reasons: [asked])
        ]
    }

    func cooledDown(_ ended: CoolDownEnded) throws -> [any EventPayload] {
        let name = ended.pipeline
        // Asked for meanwhile, by somebody who did not have to wait: nothing is put off any more.
        guard try context.state(RunRegistry.self).pipelines[name]?.putOff != nil,
            let pipeline = context.settings.pipelines[name],
            let version = try context.state(DatasetRegistry.self).datasets[pipeline.dataset]?
                .current
        else { return [] }
        return try Retraining(pipeline: name, settings: pipeline, context: context)
            .decide(about: version)
    }
}
