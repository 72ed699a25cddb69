import Checksums
import Millrace

/// What is wrong with a proof, in words for a person.
package struct ProofFlaw: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Reads the story of a version out of records, and insists that every step of it is there and fits
/// the others.
struct ProofStory {
    private let events: [Event]
    private let byID: [EventID: Event]
    private let objects: [Digest: [UInt8]]
    private(set) var facts: [ProofBundle.Fact] = []
    /// The records that the facts are about, one for each.
    private(set) var told: [Event] = []
    private(set) var deployed: DeploymentCompleted
    private(set) var isLive = true

    /// - Throws: `ProofFlaw`, for the first step that is missing or does not fit.
    init(_ events: [Event], deployment: UInt64, objects: [Digest: [UInt8]]) throws {
        self.events = events
        self.objects = objects
        byID = Dictionary(events.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        guard let event = events.first(where: { $0.sequence == deployment }),
            let deployed = event.payload(as: DeploymentCompleted.self)
        else { throw ProofFlaw("record \(deployment) is no deployment") }
        self.deployed = deployed
        try tell(event)
    }

    private func first<P: EventPayload>(
        _ type: P.Type, _ matches: (P, Event) -> Bool
    ) -> (event: Event, payload: P)? {
        for event in events where event.type == P.type {
            if let payload = event.payload(as: P.self), matches(payload, event) {
                return (event, payload)
            }
        }
        return nil
    }

    private func last<P: EventPayload>(
        _ type: P.Type, _ matches: (P, Event) -> Bool
    ) -> (event: Event, payload: P)? {
        for event in events.reversed() where event.type == P.type {
            if let payload = event.payload(as: P.self), matches(payload, event) {
                return (event, payload)
            }
        }
        return nil
    }

    private mutating func add(_ step: String, _ event: Event, _ digest: Digest? = nil) {
        facts.append(
            ProofBundle.Fact(
                step: step, sequence: event.sequence, time: event.time,
                actor: event.actor.description, sha256: digest))
        told.append(event)
    }

    // MARK: from the end to the beginning, told the other way round

    private mutating func tell(_ deployment: Event) throws {
        let name = "v\(deployed.version) of \(deployed.model)"
        let deployed = deployed
        guard let planned = deployment.causation.flatMap({ byID[$0] }),
            let plan = planned.payload(as: DeploymentPlanned.self),
            plan.model == deployed.model, plan.version == deployed.version,
            plan.stage == deployed.stage, plan.artifact == deployed.artifact
        else {
            throw ProofFlaw("the plan of deployment \(deployment.sequence) is missing, or differs")
        }
        guard
            let version = last(
                ModelVersionCreated.self,
                { version, event in
                    version.model == deployed.model && version.version == deployed.version
                        && event.sequence < planned.sequence
                })
        else { throw ProofFlaw("the record by which \(name) was made is missing") }
        guard version.payload.artifact == deployed.artifact else {
            throw ProofFlaw("deployment \(deployment.sequence) is of other bytes than \(name)")
        }
        try tellMaking(version.event, version.payload)
        if let evaluation = last(
            ModelEvaluated.self,
            {
                $0.model == deployed.model && $0.version == deployed.version
                    && $1.sequence <= planned.sequence
            })
        {
            add("evaluation", evaluation.event)
        }
        try tellGates(planned, plan)
        add("plan", planned, plan.artifact)
        add("deployment", deployment, deployed.artifact)
        if let check = last(
            StageChecked.self,
            {
                $0.model == deployed.model && $0.version == deployed.version
                    && $0.stage == deployed.stage && $1.sequence > deployment.sequence
            })
        {
            add("check", check.event)
        }
        isLive =
            last(
                DeploymentCompleted.self,
                {
                    $0.model == deployed.model && $0.stage == deployed.stage
                        && $1.sequence > deployment.sequence
                }) == nil
    }

    private mutating func tellGates(_ planned: Event, _ plan: DeploymentPlanned) throws {
        let gates = last(GatesEvaluated.self) {
            $0.model == plan.model && $0.version == plan.version && $0.stage == plan.stage
                && $1.sequence <= planned.sequence
        }
        if let gates {
            guard gates.payload.passed || plan.isRollback else {
                throw ProofFlaw(
                    "record \(gates.event.sequence): the gates of \(plan.stage) were not passed")
            }
            add("gates", gates.event)
        } else if !plan.isRollback {
            throw ProofFlaw("the verdict of the gates of \(plan.stage) is missing")
        }
        let settings = last(SettingsAccepted.self) { $1.sequence < planned.sequence }
        guard let settings else { throw ProofFlaw("the settings in force are missing") }
        let needsApproval =
            settings.payload.settings.pipelines[plan.model]?.approval.contains(plan.stage) ?? false
        let decision = last(ApprovalDecided.self) {
            $0.model == plan.model && $0.version == plan.version && $0.stage == plan.stage
                && $0.approved && $1.sequence <= planned.sequence
        }
        if let decision {
            try tellPerson(decision.event, uid: decision.payload.uid)
            add("approval", decision.event)
        } else if needsApproval, !plan.isRollback {
            throw ProofFlaw("the approval that \(plan.stage) asks for is missing")
        } else if plan.isRollback, let cause = planned.causation.flatMap({ byID[$0] }),
            let command = cause.payload(as: CommandReceived.self)
        {
            try tellPerson(planned, uid: command.uid)
        }
    }

    /// The command behind a decision, and the file that it came as, whose owner decided.
    private mutating func tellPerson(_ decision: Event, uid: UInt32) throws {
        guard let command = decision.causation.flatMap({ byID[$0] }),
            command.payload(as: CommandReceived.self)?.uid == uid,
            let letter = command.causation.flatMap({ byID[$0] }),
            let file = letter.payload(as: FileArrived.self), file.uid == uid
        else {
            throw ProofFlaw(
                "record \(decision.sequence): the command of user \(uid) behind it is missing")
        }
        add("command", letter, file.sha256)
    }

    // MARK: how it was made

    private mutating func tellMaking(_ made: Event, _ version: ModelVersionCreated) throws {
        guard
            let run = last(
                RunStarted.self,
                {
                    $0.pipeline == version.model && $0.run == version.run
                        && $1.sequence < made.sequence
                })
        else { throw ProofFlaw("the record of run \(version.run) is missing") }
        let inputs = try JSONValue(encoding: version.inputs).bytes
        guard try JSONValue(encoding: run.payload.inputs).bytes == inputs else {
            throw ProofFlaw(
                "record \(made.sequence) has other inputs than run \(version.run), which made it")
        }
        try tellData(version.inputs, before: run.event)
        for name in version.inputs.code.keys.sorted() {
            guard let digest = version.inputs.code[name] else { continue }
            let arrival = last(FileArrived.self) {
                $0.sha256 == digest && $0.area.kind == .code && $1.sequence < run.event.sequence
            }
            guard let arrival else {
                throw ProofFlaw("the arrival of the code \(name) is missing")
            }
            add("code", arrival.event, digest)
        }
        guard let settings = last(SettingsAccepted.self, { $1.sequence < run.event.sequence })
        else { throw ProofFlaw("the settings in force for run \(version.run) are missing") }
        add("settings", settings.event, settings.payload.sha256)
        if let request = run.event.causation.flatMap({ byID[$0] }) { add("request", request) }
        add("run", run.event, version.inputs.datasetDigest)
        guard
            let completed = last(
                RunCompleted.self,
                { run, _ in run.pipeline == version.model && run.run == version.run }),
            completed.payload.artifact == version.artifact
        else {
            throw ProofFlaw("the end of run \(version.run) is missing, or made other bytes")
        }
        add("trained", completed.event, version.artifact)
        add("version", made, version.artifact)
    }

    private mutating func tellData(_ inputs: RunInputs, before run: Event) throws {
        let manifest: DatasetManifest
        do {
            manifest = try inputs.manifest(from: ProofFiles(objects: objects))
        } catch {
            throw ProofFlaw(
                "the list of the files of version \(inputs.datasetVersion) of \(inputs.dataset) "
                    + "is missing, or is not what its digest says")
        }
        guard manifest.files.count == inputs.files.count else {
            throw ProofFlaw("the list of files has not \(inputs.files.count) entries")
        }
        var contracts: Set<Digest> = []
        for file in manifest.sorted {
            let arrival = last(FileArrived.self) {
                $0.sha256 == file.sha256 && $0.path == file.path && $1.sequence < run.sequence
            }
            let accepted = last(DataAccepted.self) {
                $0.file.sha256 == file.sha256 && $1.sequence < run.sequence
            }
            guard let arrival, let accepted else {
                throw ProofFlaw("the arrival or the validation of \(file.path) is missing")
            }
            add("data", arrival.event, file.sha256)
            if contracts.insert(accepted.payload.contract).inserted {
                try tellContract(accepted.payload.contract, before: accepted.event)
            }
            add("validation", accepted.event, accepted.payload.contract)
        }
        let version = last(DatasetVersionCreated.self) {
            $0.dataset == inputs.dataset && $0.digest == inputs.datasetDigest
                && $1.sequence < run.sequence
        }
        guard let version else {
            throw ProofFlaw("the record of version \(inputs.datasetVersion) of its data is missing")
        }
        add("dataset", version.event, inputs.datasetDigest)
    }

    private mutating func tellContract(_ digest: Digest, before accepted: Event) throws {
        if let contract = last(
            ContractAccepted.self,
            { $0.contract == digest && $1.sequence <= accepted.sequence })
        {
            return add("contract", contract.event, digest)
        }
        guard
            let proposed = last(
                ContractProposed.self,
                { $0.contract == digest && $1.sequence <= accepted.sequence })
        else { throw ProofFlaw("the contract \(digest.short) is missing") }
        add("contract", proposed.event, digest)
    }
}

/// The objects of a proof as a store: nothing can be put into it.
struct ProofFiles: FileStore {
    let objects: [Digest: [UInt8]]

    func bytes(of digest: Digest, limit: Int) throws -> [UInt8] {
        guard let bytes = objects[digest], bytes.count <= limit else {
            throw ProofFlaw("\(digest.hex) is not in the proof")
        }
        return bytes
    }
    func withDescriptor<R>(of digest: Digest, _ body: (CInt) throws -> R) throws -> R {
        throw ProofFlaw("\(digest.hex) is not a file")
    }
    func path(of digest: Digest) throws -> String { throw ProofFlaw("\(digest.hex) is no file") }
    func store(_ bytes: [UInt8]) throws -> Digest { throw ProofFlaw("a proof is not written to") }
    func contains(_ digest: Digest) -> Bool { objects[digest] != nil }
}
