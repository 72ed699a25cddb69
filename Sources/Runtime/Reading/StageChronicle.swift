package import Journal
package import Millrace

/// Who was live when, in every stage of a model, from the first day, with the reason for each change.
package struct StageChronicle {
    private static let types: [any EventPayload.Type] = [
        ModelVersionCreated.self, ModelEvaluated.self, RunStarted.self, ApprovalDecided.self,
        DeploymentPlanned.self, DeploymentCompleted.self,
    ]

    /// Why a stage was switched.
    package enum Cause: String, Codable, Sendable {
        /// The gates let it in, and nobody was asked.
        case gates
        /// A person let it in.
        case approval
        /// A person asked for the version before.
        case rollback
        /// The version before did not stand up to its check.
        case failedCheck
    }

    package struct Change: Sendable, Codable, Hashable {
        package var stage: String
        package var version: Int
        package var artifact: Digest
        package var since: Timestamp
        /// Nil for the one that is live.
        package var until: Timestamp?
        /// The record of the deployment.
        package var sequence: UInt64
        package var previous: Int?
        package var cause: Cause
        /// The person, where one decided.
        package var uid: UInt32?
        /// What was found, or what the person said.
        package var reason: String
        /// As it was last measured before it went in.
        package var metrics: [String: Double]
        /// Why the version was trained.
        package var trainedFor: [String]
    }

    private struct Key: Hashable {
        let version: Int
        let stage: String
    }

    /// All changes of all stages, the first first.
    package private(set) var changes: [Change] = []
    private var metrics: [Key: [String: Double]] = [:]
    private var reasons: [Key: [String]] = [:]
    private var plans: [Key: DeploymentPlanned] = [:]
    private var approvals: [Key: ApprovalDecided] = [:]

    /// From the records about a model and its runs.
    package init(_ search: EvidenceSearch, of model: String) throws(JournalError) {
        let events =
            try search.all(about: .model(model), StageChronicle.types)
            + search.all(about: .pipeline(model), StageChronicle.types)
        for event in events.sorted(by: { $0.sequence < $1.sequence }) { apply(event) }
    }

    private mutating func apply(_ event: Event) {
        if let run = event.payload(as: RunStarted.self) {
            reasons[Key(version: run.run, stage: "run")] = run.reasons
        } else if let created = event.payload(as: ModelVersionCreated.self) {
            let key = Key(version: created.version, stage: "")
            metrics[key] = created.metrics
            let run = Key(version: created.run, stage: "run")
            reasons[key] = reasons.removeValue(forKey: run)
        } else if let evaluated = event.payload(as: ModelEvaluated.self) {
            metrics[Key(version: evaluated.version, stage: "")] = evaluated.metrics
        } else if let decided = event.payload(as: ApprovalDecided.self) {
            approvals[Key(version: decided.version, stage: decided.stage)] = decided
        } else if let plan = event.payload(as: DeploymentPlanned.self) {
            plans[Key(version: plan.version, stage: plan.stage)] = plan
        } else if let deployed = event.payload(as: DeploymentCompleted.self) {
            append(deployed, event)
        }
    }

    private mutating func append(_ deployed: DeploymentCompleted, _ event: Event) {
        let at = Key(version: deployed.version, stage: deployed.stage)
        let whole = Key(version: deployed.version, stage: "")
        let plan = plans.removeValue(forKey: at)
        // An approval lets in once.
        let approval = approvals.removeValue(forKey: at)
        let (cause, uid) = StageChronicle.cause(plan, approval, deployed)
        if let last = changes.lastIndex(where: { $0.stage == deployed.stage }) {
            changes[last].until = event.time
        }
        changes.append(
            Change(
                stage: deployed.stage, version: deployed.version, artifact: deployed.artifact,
                since: event.time, until: nil, sequence: event.sequence,
                previous: deployed.previous, cause: cause, uid: uid,
                reason: plan?.reasonInBrief ?? "", metrics: metrics[whole] ?? [:],
                trainedFor: reasons[whole] ?? []))
    }

    private static func cause(
        _ plan: DeploymentPlanned?, _ approval: ApprovalDecided?, _ deployed: DeploymentCompleted
    ) -> (Cause, UInt32?) {
        guard deployed.isRollback else {
            return approval.map { (.approval, $0.uid) } ?? (.gates, nil)
        }
        // The plan's words name the person; a rollback that nobody asked for follows a failed check.
        let words = (plan?.reason ?? "").split(separator: " ")
        let uid = words.firstIndex(of: "uid").flatMap { index in
            words.indices.contains(index + 1)
                ? UInt32(words[index + 1].prefix { $0.isNumber }) : nil
        }
        return uid.map { (.rollback, $0) } ?? (.failedCheck, nil)
    }
}
