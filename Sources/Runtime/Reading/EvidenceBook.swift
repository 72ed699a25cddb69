package import Millrace

/// Where in the journal the facts are that others rest on: which record took in a file, accepted it,
/// made a model version, let it into a stage. It remembers places, not contents.
package struct EvidenceBook: Projection {
    package static let types: [any EventPayload.Type] = [
        FileArrived.self, FileRemoved.self, FileRefused.self, DataAccepted.self,
        DataRejected.self, ContractProposed.self, ContractAccepted.self, SettingsAccepted.self,
        ModelVersionCreated.self, GatesEvaluated.self, PromotionRefused.self,
        ApprovalDecided.self, DeploymentCompleted.self, DriftMeasured.self,
    ]

    /// Some bytes at a path.
    package struct FileKey: Hashable, Sendable, Codable {
        package let path: WorkspacePath
        package let sha256: Digest

        package init(path: WorkspacePath, sha256: Digest) {
            self.path = path
            self.sha256 = sha256
        }
    }

    /// A model version before a stage.
    package struct StageKey: Hashable, Sendable, Codable {
        package let model: String
        package let version: Int
        package let stage: String

        package init(model: String, version: Int, stage: String) {
            self.model = model
            self.version = version
            self.stage = stage
        }
    }

    package struct VersionKey: Hashable, Sendable, Codable {
        package let model: String
        package let version: Int

        package init(model: String, version: Int) {
            self.model = model
            self.version = version
        }
    }

    package struct Deployment: Sendable, Codable {
        package let version: Int
        package let stage: String
        package let sequence: UInt64
    }

    package private(set) var arrivals: [FileKey: UInt64] = [:]
    package private(set) var accepted: [FileKey: UInt64] = [:]
    /// The last fact about a path: that it came, went, was accepted or was not.
    package private(set) var lastAbout: [WorkspacePath: UInt64] = [:]
    package private(set) var contracts: [Digest: UInt64] = [:]
    package private(set) var settings: [UInt64] = []
    package private(set) var versions: [VersionKey: UInt64] = [:]
    package private(set) var refusals: [VersionKey: UInt64] = [:]
    package private(set) var gates: [StageKey: UInt64] = [:]
    package private(set) var approvals: [StageKey: UInt64] = [:]
    package private(set) var deployments: [String: [Deployment]] = [:]
    /// Measurements that found drift, by what caused them to be made.
    package private(set) var drifts: [EventID: UInt64] = [:]

    package init() {}

    /// The settings in force when a record was written.
    package func settings(at sequence: UInt64) -> UInt64? {
        settings.last { $0 <= sequence }
    }

    package mutating func apply(_ event: Event) {
        switch event.type {
        case FileArrived.type, FileRemoved.type, FileRefused.type, DataAccepted.type,
            DataRejected.type:
            applyFile(event)
        case ContractProposed.type:
            guard let proposed = event.payload(as: ContractProposed.self) else { return }
            contracts[proposed.contract] = event.sequence
        case ContractAccepted.type:
            guard let accepted = event.payload(as: ContractAccepted.self) else { return }
            contracts[accepted.contract] = event.sequence
        case SettingsAccepted.type: settings.append(event.sequence)
        case DriftMeasured.type:
            guard let cause = event.causation, let drift = event.payload(as: DriftMeasured.self),
                drift.drifted
            else { return }
            drifts[cause] = event.sequence
        default: applyModel(event)
        }
    }

    private mutating func applyFile(_ event: Event) {
        if let file = event.payload(as: FileArrived.self) {
            arrivals[FileKey(path: file.path, sha256: file.sha256)] = event.sequence
            lastAbout[file.path] = event.sequence
        } else if let file = event.payload(as: FileRemoved.self) {
            lastAbout[file.path] = event.sequence
        } else if let file = event.payload(as: FileRefused.self) {
            lastAbout[file.path] = event.sequence
        } else if let data = event.payload(as: DataAccepted.self) {
            accepted[FileKey(path: data.file.path, sha256: data.file.sha256)] = event.sequence
            lastAbout[data.file.path] = event.sequence
        } else if let data = event.payload(as: DataRejected.self) {
            lastAbout[data.path] = event.sequence
        }
    }

    private mutating func applyModel(_ event: Event) {
        if let created = event.payload(as: ModelVersionCreated.self) {
            versions[VersionKey(model: created.model, version: created.version)] = event.sequence
        } else if let verdict = event.payload(as: GatesEvaluated.self) {
            gates[key(verdict.model, verdict.version, verdict.stage)] = event.sequence
        } else if let refused = event.payload(as: PromotionRefused.self) {
            refusals[VersionKey(model: refused.model, version: refused.version)] = event.sequence
        } else if let decided = event.payload(as: ApprovalDecided.self) {
            approvals[key(decided.model, decided.version, decided.stage)] = event.sequence
        } else if let deployed = event.payload(as: DeploymentCompleted.self) {
            deployments[deployed.model, default: []].append(
                Deployment(
                    version: deployed.version, stage: deployed.stage, sequence: event.sequence))
        }
    }

    private func key(_ model: String, _ version: Int, _ stage: String) -> StageKey {
        StageKey(model: model, version: version, stage: stage)
    }
}
