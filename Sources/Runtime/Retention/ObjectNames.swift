import Millrace

/// What an event says about bytes in the vault.
enum ObjectNames {
    /// The types of events that name bytes.
    static let types: Set<String> = [
        FileArrived.type, DataAccepted.type, DataRejected.type, ContractProposed.type,
        ContractAccepted.type, RunStarted.type, RunCompleted.type, ModelVersionCreated.type,
        DatasetVersionCreated.type, DriftMeasured.type, DeploymentPlanned.type,
        DeploymentCompleted.type,
    ]

    /// Calls `body` with each digest that an event names, whether bytes of that kind may leave the vault
    /// one day, and what they are. Contracts, code and settings never leave: they are small, and the
    /// evidence of why something was decided.
    static func forEach(
        in event: Event, _ body: (Digest, _ mayLeave: Bool, _ what: () -> String) -> Void
    ) {
        if let file = event.payload(as: FileArrived.self) {
            let mayLeave = file.area.kind == .dataset || file.area.kind == .metrics
            body(file.sha256, mayLeave) { "the file \(file.path)" }
        } else if let data = event.payload(as: DataAccepted.self) {
            body(data.file.sha256, true) { "the file \(data.file.path)" }
            body(data.file.profile, true) { "the profile of \(data.file.path)" }
            body(data.contract, false) { "a contract of \(data.dataset)" }
        } else if let data = event.payload(as: DataRejected.self) {
            body(data.sha256, true) { "the rejected file \(data.path)" }
        } else if let contract = event.payload(as: ContractProposed.self) {
            body(contract.contract, false) { "the contract proposed for \(contract.dataset)" }
        } else if let contract = event.payload(as: ContractAccepted.self) {
            body(contract.contract, false) { "the contract of \(contract.dataset)" }
        } else if let run = event.payload(as: RunStarted.self) {
            for path in run.inputs.code.keys.sorted() {
                guard let digest = run.inputs.code[path] else { continue }
                body(digest, false) { "the code \(path) of run \(run.run)" }
            }
            forEach(in: run.inputs.files, of: run.inputs.dataset, run.inputs.datasetVersion, body)
        } else if let run = event.payload(as: RunCompleted.self) {
            body(run.artifact, true) { "the model of run \(run.run) of \(run.pipeline)" }
        } else if let version = event.payload(as: DatasetVersionCreated.self) {
            forEach(in: version.files, of: version.dataset, version.version, body)
        } else if let drift = event.payload(as: DriftMeasured.self) {
            guard let profile = drift.reference?.profile else { return }
            body(profile, true) {
                "the profile of version \(drift.referenceVersion) of \(drift.dataset)"
            }
        } else {
            forModel(in: event, body)
        }
    }

    /// Every text of 64 hexadecimal digits in a payload.
    static func digests(in payload: UnsafeRawBufferPointer) -> Set<Digest> {
        var found: Set<Digest> = []
        for text in payload.split(separator: UInt8(ascii: "\"")) where text.count == 64 {
            if let digest = Digest(hex: String(decoding: text, as: UTF8.self)) {
                found.insert(digest)
            }
        }
        return found
    }

    private static func forModel(
        in event: Event, _ body: (Digest, _ mayLeave: Bool, _ what: () -> String) -> Void
    ) {
        if let version = event.payload(as: ModelVersionCreated.self) {
            let name = "\(version.model) v\(version.version)"
            body(version.artifact, true) { "the model of \(name)" }
            if let examples = version.examples {
                body(examples, true) { "the examples of \(name)" }
            }
            let inputs = version.inputs
            forEach(in: inputs.files, of: inputs.dataset, inputs.datasetVersion, body)
        } else if let planned = event.payload(as: DeploymentPlanned.self) {
            body(planned.artifact, true) { "the model of \(planned.model) v\(planned.version)" }
        } else if let done = event.payload(as: DeploymentCompleted.self) {
            body(done.artifact, true) { "the model of \(done.model) v\(done.version)" }
        }
    }

    private static func forEach(
        in files: DatasetFiles, of dataset: String, _ version: Int,
        _ body: (Digest, _ mayLeave: Bool, _ what: () -> String) -> Void
    ) {
        for layer in files.layers {
            body(layer.sha256, true) { "the files of version \(version) of \(dataset)" }
        }
        for file in files.listed ?? [] {
            body(file.sha256, true) { "the file \(file.path)" }
            body(file.profile, true) { "the profile of \(file.path)" }
        }
    }
}
