import Millrace

/// Puts the question to the retrain policy of one pipeline, with what the journal knows.
struct Retraining {
    let pipeline: String
    let settings: Pipeline
    let context: Context

    func decide(
        about version: DatasetVersionCreated, drift: [String] = [], code: [String] = [],
        mended: Bool = false
    ) throws -> [any EventPayload] {
        let activity = try context.state(RunRegistry.self).pipelines[pipeline]
        // What was put off still counts.
        let drift = merged(drift, activity?.putOff?.drift)
        let code = merged(code, activity?.putOff?.code)
        let model = try context.state(ModelRegistry.self).models[pipeline]
        let question = RetrainQuestion(
            policy: settings.retrain, rows: version.rows, hasModel: (model?.latest ?? 0) > 0,
            lastRequest: activity?.lastRequestState,
            newRows: try context.state(FileHistory.self).newRows(
                in: version, since: activity?.lastRequest?.version(of: version.dataset),
                from: context.files),
            drift: drift, code: code, mended: mended,
            quietUntil: try context.end(of: settings.retrain.quiet), now: context.now)
        switch question.answer {
        case .train(let reasons):
            return [
                TrainingRequested(
                    pipeline: pipeline, dataset: version.dataset, version: version.version,
                    reasons: reasons)
            ]
        case .wait(let reason):
            return [TrainingDeferred(pipeline: pipeline, reason: reason)]
        case .coolDown(let reason, let until):
            return [
                TrainingDeferred(
                    pipeline: pipeline, reason: reason, until: until,
                    drift: drift.isEmpty ? nil : drift, code: code.isEmpty ? nil : code)
            ]
        case .nothing: return []
        }
    }

    private func merged(_ new: [String], _ old: [String]?) -> [String] {
        new + (old ?? []).filter { !new.contains($0) }
    }
}

extension TrainingRequested {
    /// Nil when it was about another dataset: the pipeline's settings have changed since.
    fileprivate func version(of dataset: String) -> Int? {
        self.dataset == dataset ? version : nil
    }
}

extension RunRegistry.Activity {
    fileprivate var lastRequestState: RetrainQuestion.LastRequest? {
        guard let time = lastRequestTime else { return nil }
        // A run that began before the request belongs to another one.
        let run = runs[latest].flatMap { $0.time >= time ? $0 : nil }
        return RetrainQuestion.LastRequest(time: time, hasFailed: run?.failed != nil)
    }
}
