/// Which model versions there are, and which stage points at which.
public struct ModelRegistry: Projection {
    public static let types: [any EventPayload.Type] = [
        ModelVersionCreated.self, ModelEvaluated.self, GatesEvaluated.self,
        PromotionRefused.self, ApprovalRequested.self, ApprovalDecided.self,
        DeploymentPlanned.self, DeploymentCompleted.self, StageChecked.self,
    ]

    /// What was said of it last. Each is read from its event when somebody asks: of hundreds of versions
    /// that a state holds hardly anybody asks for more than a few.
    public struct Version: Sendable, Codable {
        fileprivate let making: LastEvent<ModelVersionCreated>
        fileprivate var measurement: LastEvent<ModelEvaluated>?
        fileprivate var verdicts: [String: LastEvent<GatesEvaluated>] = [:]
        fileprivate var refusals: [String: LastEvent<PromotionRefused>] = [:]
        fileprivate var findings: [String: LastEvent<StageChecked>] = [:]

        fileprivate init(_ making: LastEvent<ModelVersionCreated>) { self.making = making }

        public var sequence: UInt64 { making.sequence }
        public var time: Timestamp { making.time }
        /// Nil when its event cannot be read.
        public var created: ModelVersionCreated? { making.payload }
        public var evaluation: ModelEvaluated? { measurement?.payload }
        /// By stage: the last verdict.
        public var gates: [String: GatesEvaluated] { verdicts.compactMapValues(\.payload) }
        /// By stage: why it was not let in.
        public var refused: [String: PromotionRefused] { refusals.compactMapValues(\.payload) }
        /// By stage: the last check after a deployment.
        public var checks: [String: StageChecked] { findings.compactMapValues(\.payload) }
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
        // Changed in place.
        models[name, default: Model(name: name)].apply(event)
    }
}

extension ModelRegistry.Model {
    fileprivate mutating func apply(_ event: Event) {
        if let making = LastEvent<ModelVersionCreated>(event) {
            guard let number = event.version(of: ModelVersionCreated.self) else { return }
            versions[number] = ModelRegistry.Version(making)
            forgetOld()
        } else if let measured = LastEvent<ModelEvaluated>(event) {
            guard let number = event.version(of: ModelEvaluated.self) else { return }
            versions[number]?.measurement = measured
        } else if let verdict = LastEvent<GatesEvaluated>(event) {
            guard let (number, stage) = event.place(of: GatesEvaluated.self) else { return }
            versions[number]?.verdicts[stage] = verdict
        } else if let refusal = LastEvent<PromotionRefused>(event) {
            guard let (number, stage) = event.place(of: PromotionRefused.self) else { return }
            versions[number]?.refusals[stage] = refusal
        } else if let finding = LastEvent<StageChecked>(event) {
            guard let (number, stage) = event.place(of: StageChecked.self) else { return }
            versions[number]?.findings[stage] = finding
        } else if let requested = event.payload(as: ApprovalRequested.self) {
            waiting[requested.stage] = requested.version
        } else if let decided = event.payload(as: ApprovalDecided.self) {
            if waiting[decided.stage] == decided.version { waiting[decided.stage] = nil }
        } else if let deployed = event.payload(as: DeploymentCompleted.self) {
            tenures[deployed.stage, default: []].append(
                ModelRegistry.Tenure(
                    version: deployed.version, since: event.time, sequence: event.sequence,
                    isRollback: deployed.isRollback))
            let excess = (tenures[deployed.stage]?.count ?? 0) - ModelRegistry.tenureLimit
            if excess > 0 { tenures[deployed.stage]?.removeFirst(excess) }
        }
    }
}

extension Event {
    /// The version of a model that it is about.
    fileprivate func version<P: EventPayload>(of type: P.Type) -> Int? {
        members(of: type)?.integer("version")
    }

    /// The version of a model and the stage that it is about.
    fileprivate func place<P: EventPayload>(of type: P.Type) -> (version: Int, stage: String)? {
        guard let members = members(of: type), let version = members.integer("version"),
            let stage = members.text("stage")
        else { return nil }
        return (version, stage)
    }
}
