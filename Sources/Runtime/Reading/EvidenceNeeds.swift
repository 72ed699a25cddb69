import Journal
import Millrace

/// Something that a record rests on.
enum Need {
    /// One record.
    case fact(Event)
    /// A file and what is known about it.
    case file(title: String, facts: [Event])
    /// A record whose own causes are part of the answer.
    case story(Event)
}

/// Says what a record rests on beside its cause.
struct Needs {
    let search: EvidenceSearch
    /// Versions whose making is part of the chain already.
    let trunkVersions: Set<Int>
    /// Where the lists of datasets' files lie; nil: only those in the journal are known.
    let files: (any FileStore)?

    func of(_ event: Event) throws(JournalError) -> [Need] {
        if let created = event.payload(as: ModelVersionCreated.self) {
            return try of(created.inputs, pipeline: created.model, at: event.sequence)
        }
        if let planned = event.payload(as: DeploymentPlanned.self) {
            return try of(planned.model, planned.version, planned.stage, at: event.sequence)
        }
        if let refused = event.payload(as: PromotionRefused.self) {
            return try of(refused.model, refused.version, refused.stage, at: event.sequence)
        }
        if event.type == TrainingRequested.type, let cause = event.causation,
            let drift = try search.drift(causedBy: cause, of: event.correlation)
        {
            return [.fact(drift)]
        }
        return try contract(of: event).map { [.fact($0)] } ?? []
    }

    /// The contract that a drop was held against.
    func contract(of event: Event) throws(JournalError) -> Event? {
        let drop = event.members(of: DataAccepted.self) ?? event.members(of: DataRejected.self)
        guard let digest = drop?.value("contract", as: Digest.self) else { return nil }
        return try search.contract(digest, of: event.subject, before: event.sequence)
    }

    /// A version at the door of a stage: how it was made, what the gates found, who let it in.
    private func of(
        _ model: String, _ version: Int, _ stage: String, at sequence: UInt64
    ) throws(JournalError) -> [Need] {
        // What was found later let nobody in.
        let search = search.upTo(sequence)
        var needs: [Need] = []
        if let gates = try search.latest(GatesEvaluated.self, model, version, stage: stage) {
            needs.append(.fact(gates))
        }
        if let approval = try search.latest(ApprovalDecided.self, model, version, stage: stage) {
            needs.append(.story(approval))
        }
        if !trunkVersions.contains(version),
            let made = try search.latest(ModelVersionCreated.self, model, version)
        {
            needs.append(.story(made))
        }
        return needs
    }

    /// What a version was made from: the files, their contracts, the code, the settings.
    private func of(
        _ inputs: RunInputs, pipeline: String, at sequence: UInt64
    ) throws(JournalError) -> [Need] {
        var data: [DatasetFile] = []
        var loss = "is not in the vault"
        do {
            data =
                try files.map { try inputs.manifest(from: $0).sorted } ?? inputs.files.listed ?? []
        } catch let removed as RemovedObject {
            loss = removed.when
        } catch {}
        // What came later is no part of it.
        let search = search.upTo(sequence)
        let facts = try search.facts(
            about: Set(data.map { .init(path: $0.path, sha256: $0.sha256) }), of: inputs.dataset)
        var needs: [Need] = data.map { file in
            .file(
                title: "\(file.path) (\(file.rows) rows, \(file.sha256.short))",
                facts: facts[.init(path: file.path, sha256: file.sha256)]?.both ?? [])
        }
        if needs.isEmpty, inputs.files.count > 0 {
            needs.append(
                .file(
                    title: "\(inputs.files.count) files of version \(inputs.datasetVersion) of "
                        + "\(inputs.dataset), whose list \(loss)", facts: []))
        }
        for name in inputs.code.keys.sorted() {
            guard let digest = inputs.code[name] else { continue }
            needs.append(try code(name, digest, pipeline, search))
        }
        if let settings = try search.settings(at: sequence) { needs.append(.fact(settings)) }
        return needs
    }

    /// A run names its code by a path below the workspace or below the pipeline's folder.
    private func code(
        _ name: String, _ digest: Digest, _ pipeline: String, _ search: EvidenceSearch
    ) throws(JournalError) -> Need {
        var facts: [Event] = []
        for path in ["code/\(pipeline)/\(name)", name] where facts.isEmpty {
            guard let path = WorkspacePath(escaped: path) else { continue }
            if let arrival = try search.arrival(path, digest) { facts.append(arrival) }
        }
        return .file(title: "\(name) (code, \(digest.short))", facts: facts)
    }
}
