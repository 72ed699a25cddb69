package import Millrace

/// Something that was decided, as far as a person would ask about it.
package struct Decision: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case contract, drop, drift, training, promotion, failure
    }

    package var kind: Kind
    /// What it was about, in a few words: a path, a pipeline, a version and a stage.
    package var about: String
    /// For example `accepted`, `refused`, `requested`, `deployed`.
    package var outcome: String
    /// Why, in words; may be empty.
    package var reason: String
    package var time: Timestamp
    /// The record; of a decision that was never made, the record that would have led to it.
    package var sequence: UInt64
}

/// Reads decisions out of events. One book a history: the numbers of versions are its own.
struct DecisionReader {
    struct Key: Hashable {
        let kind: Decision.Kind
        /// The question: the same in two histories when the same was to be decided.
        let question: String
    }

    private struct VersionKey: Hashable {
        let model: String
        let version: Int
    }

    private var artifacts: [VersionKey: Digest] = [:]

    /// Takes note of what later decisions refer to.
    mutating func note(_ event: Event) {
        guard let created = event.payload(as: ModelVersionCreated.self) else { return }
        artifacts[VersionKey(model: created.model, version: created.version)] = created.artifact
    }

    /// The types that hold the decisions about a version and a stage.
    static let promotions: Set<String> = [
        PromotionRefused.type, ApprovalRequested.type, DeploymentCompleted.type,
    ]

    func decision(_ event: Event) -> (key: Key, decision: Decision)? {
        // What goes back to one root and asks the same is one question.
        let root = "\(event.correlation)"
        func made(
            _ kind: Decision.Kind, _ question: String, _ about: String, _ outcome: String,
            _ reason: String = ""
        ) -> (Key, Decision) {
            (
                Key(kind: kind, question: question),
                Decision(
                    kind: kind, about: about, outcome: outcome, reason: reason, time: event.time,
                    sequence: event.sequence)
            )
        }
        if let data = event.payload(as: DataAccepted.self) {
            return made(.drop, root, "\(data.file.path)", "accepted")
        } else if let data = event.payload(as: DataRejected.self) {
            return made(.drop, root, "\(data.path)", "refused", data.summary)
        } else if let contract = event.payload(as: ContractAccepted.self) {
            return made(.contract, root, contract.dataset, "accepted", contract.contract.short)
        } else if let contract = event.payload(as: ContractProposed.self) {
            return made(.contract, root, contract.dataset, "proposed", contract.contract.short)
        } else if let contract = event.payload(as: ContractRefused.self) {
            return made(
                .contract, root, contract.dataset, "refused",
                contract.problems.joined(separator: "; "))
        } else if let drift = event.payload(as: DriftMeasured.self) {
            let columns = drift.columns.filter(\.drifted).map(\.column)
            return made(
                .drift, "\(drift.model) \(root)", drift.model,
                drift.drifted ? "drift" : "no drift", columns.joined(separator: ", "))
        }
        return decisionAboutModel(event, made)
    }

    private func decisionAboutModel(
        _ event: Event,
        _ made: (Decision.Kind, String, String, String, String) -> (Key, Decision)
    ) -> (key: Key, decision: Decision)? {
        let root = "\(event.correlation)"
        func promotion(
            _ model: String, _ version: Int, _ stage: String, _ outcome: String,
            _ reason: String = ""
        ) -> (Key, Decision) {
            let artifact = artifacts[VersionKey(model: model, version: version)]
            let which = artifact.map { "\($0)" } ?? "version \(version)"
            return made(
                .promotion, "\(model) \(stage) \(which)", "\(model) v\(version) to \(stage)",
                outcome, reason)
        }
        if let request = event.payload(as: TrainingRequested.self) {
            return made(
                .training, "\(request.pipeline) \(root)", request.pipeline, "requested",
                request.reasons.joined(separator: "; "))
        } else if let deferred = event.payload(as: TrainingDeferred.self) {
            return made(
                .training, "\(deferred.pipeline) \(root)", deferred.pipeline, "put off",
                deferred.reason)
        } else if let failed = event.payload(as: RunFailed.self) {
            return made(
                .failure, "run of \(failed.pipeline) \(root)", failed.pipeline, "failed",
                failed.error)
        } else if let refused = event.payload(as: PromotionRefused.self) {
            return promotion(
                refused.model, refused.version, refused.stage, "refused",
                refused.reasons.joined(separator: "; "))
        } else if let waits = event.payload(as: ApprovalRequested.self) {
            return promotion(waits.model, waits.version, waits.stage, "waits for approval")
        } else if let deployed = event.payload(as: DeploymentCompleted.self) {
            return promotion(
                deployed.model, deployed.version, deployed.stage,
                deployed.isRollback ? "rolled back to" : "deployed")
        }
        return nil
    }
}
