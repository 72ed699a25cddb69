/// Which model versions there are, and which stage points at which.
public struct ModelRegistry: Projection {
    public static let types: [any EventPayload.Type] = [
        ModelVersionCreated.self, ModelEvaluated.self, GatesEvaluated.self,
        PromotionRefused.self, ApprovalRequested.self, ApprovalDecided.self,
        DeploymentPlanned.self, DeploymentCompleted.self, StageChecked.self,
    ]

    public struct Version: Sendable, Codable {
        public let created: ModelVersionCreated
        public let sequence: UInt64
        public let time: Timestamp
        public var evaluation: ModelEvaluated?
        /// By stage: the last verdict.
        public var gates: [String: GatesEvaluated] = [:]
        /// By stage: why it was not let in.
        public var refused: [String: PromotionRefused] = [:]
        /// By stage: the last check after a deployment.
        public var checks: [String: StageChecked] = [:]
    }

    /// One entry of a stage's history.
    public struct Tenure: Sendable, Codable {
        public let version: Int
        public let since: Timestamp
        public let sequence: UInt64
        public let isRollback: Bool
    }

    public struct Model: Sendable, Codable {
        public let name: String
        /// The last `versionLimit` that were made, and for each stage the last as many that were
        /// live there.
        public fileprivate(set) var versions: [Int: Version] = [:]
        /// By stage: who was live since when, the first first; the last `tenureLimit`.
        public fileprivate(set) var tenures: [String: [Tenure]] = [:]
        /// By stage: the version that waits for a person.
        public fileprivate(set) var waiting: [String: Int] = [:]

        /// One of which nothing is known yet.
        public init(name: String) { self.name = name }

        public var latest: Int { versions.keys.max() ?? 0 }

        /// The version that a stage points at.
        public func live(in stage: String) -> Int? { tenures[stage]?.last?.version }

        /// Forgets what is older than anything that is still decided about.
        fileprivate mutating func forgetOld() {
            // Not each time: what is kept is looked for anew.
            guard versions.count > ModelRegistry.versionLimit * 5 / 4 else { return }
            var kept = Set(versions.keys.sorted().suffix(ModelRegistry.versionLimit))
            kept.formUnion(waiting.values)
            for history in tenures.values {
                kept.formUnion(history.suffix(ModelRegistry.versionLimit).map(\.version))
            }
            versions = versions.filter { kept.contains($0.key) }
        }
    }

    /// How many versions of a model are remembered, in more than one respect.
    public static let versionLimit = 20
    /// How many changes of a stage are remembered.
    public static let tenureLimit = 1000

    public private(set) var models: [String: Model] = [:]

    public init() {}

    public mutating func apply(_ event: Event) {
        let name = event.subject.name
        // Taken out and put back, so that it is changed in place.
        var model = models.removeValue(forKey: name) ?? Model(name: name)
        defer { models[name] = model }
        if let created = event.payload(as: ModelVersionCreated.self) {
            model.versions[created.version] = Version(
                created: created, sequence: event.sequence, time: event.time)
            model.forgetOld()
        } else if let evaluated = event.payload(as: ModelEvaluated.self) {
            model.versions[evaluated.version]?.evaluation = evaluated
        } else if let gates = event.payload(as: GatesEvaluated.self) {
            model.versions[gates.version]?.gates[gates.stage] = gates
        } else if let refused = event.payload(as: PromotionRefused.self) {
            model.versions[refused.version]?.refused[refused.stage] = refused
        } else if let requested = event.payload(as: ApprovalRequested.self) {
            model.waiting[requested.stage] = requested.version
        } else if let decided = event.payload(as: ApprovalDecided.self) {
            if model.waiting[decided.stage] == decided.version {
                model.waiting[decided.stage] = nil
            }
        } else if let deployed = event.payload(as: DeploymentCompleted.self) {
            model.tenures[deployed.stage, default: []].append(
                Tenure(
                    version: deployed.version, since: event.time, sequence: event.sequence,
                    isRollback: deployed.isRollback))
            let excess =
                (model.tenures[deployed.stage]?.count ?? 0) - ModelRegistry.tenureLimit
            if excess > 0 { model.tenures[deployed.stage]?.removeFirst(excess) }
        } else if let check = event.payload(as: StageChecked.self) {
            model.versions[check.version]?.checks[check.stage] = check
        }
    }
}
