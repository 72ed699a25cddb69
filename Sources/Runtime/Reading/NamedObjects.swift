package import Journal
package import Millrace

/// The bytes that the journal's events name by digest, each once, in the order in which they were
/// first named.
package struct NamedObjects: Sendable {
    package struct Object: Sendable, Hashable {
        package let digest: Digest
        /// The first record that names it.
        package let sequence: UInt64
        /// What it is, in a few words.
        package let what: String
    }

    package private(set) var objects: [Object] = []
    private var seen: Set<Digest> = []

    private static let types: Set<String> = [
        FileArrived.type, DataAccepted.type, ContractProposed.type, ContractAccepted.type,
        RunStarted.type, RunCompleted.type, ModelVersionCreated.type, DatasetVersionCreated.type,
        DriftMeasured.type,
    ]

    /// Reads a whole journal; what is damaged is passed over.
    package init(_ reader: JournalReader) throws(JournalError) {
        let cursor = try reader.cursor(damage: .skip({ _ in }))
        while let record = try cursor.next() {
            guard NamedObjects.types.contains(record.type) else { continue }
            add(try cursor.event(of: record))
        }
    }

    private mutating func add(_ event: Event) {
        func name(_ digest: Digest?, _ what: @autoclosure () -> String) {
            guard let digest, seen.insert(digest).inserted else { return }
            objects.append(Object(digest: digest, sequence: event.sequence, what: what()))
        }
        if let file = event.payload(as: FileArrived.self) {
            name(file.sha256, "the file \(file.path)")
        } else if let data = event.payload(as: DataAccepted.self) {
            name(data.file.profile, "the profile of \(data.file.path)")
        } else if let contract = event.payload(as: ContractProposed.self) {
            name(contract.contract, "the contract proposed for \(contract.dataset)")
        } else if let contract = event.payload(as: ContractAccepted.self) {
            name(contract.contract, "the contract of \(contract.dataset)")
        } else if let run = event.payload(as: RunStarted.self) {
            for path in run.inputs.code.keys.sorted() {
                name(run.inputs.code[path], "the code \(path) of run \(run.run)")
            }
        } else if let run = event.payload(as: RunCompleted.self) {
            name(run.artifact, "the model of run \(run.run) of \(run.pipeline)")
        } else if let version = event.payload(as: DatasetVersionCreated.self) {
            for layer in version.files.layers {
                name(layer.sha256, "the files of version \(version.version) of \(version.dataset)")
            }
        } else if let drift = event.payload(as: DriftMeasured.self) {
            name(
                drift.reference?.profile,
                "the profile of version \(drift.referenceVersion) of \(drift.dataset)")
        } else if let version = event.payload(as: ModelVersionCreated.self) {
            name(version.examples, "the examples of \(version.model) v\(version.version)")
        }
    }
}
