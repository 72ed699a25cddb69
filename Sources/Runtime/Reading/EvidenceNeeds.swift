import Millrace

/// Something that a record rests on, by its place in the journal.
enum Need {
    /// One record.
    case fact(UInt64)
    /// A file and what is known about it.
    case file(title: String, sequences: [UInt64])
    /// A record whose own causes are part of the answer.
    case story(UInt64)

    var sequences: [UInt64] {
        switch self {
        case .fact(let sequence), .story(let sequence): [sequence]
        case .file(_, let sequences): sequences
        }
    }
}

/// Says what a record rests on beside its cause.
struct Needs {
    let book: EvidenceBook
    /// Versions whose making is part of the chain already.
    let trunkVersions: Set<Int>
    /// Where the lists of datasets' files lie; nil: only those in the journal are known.
    let files: (any FileStore)?

    func of(_ event: Event) -> [Need] {
        if let created = event.payload(as: ModelVersionCreated.self) {
            return of(created.inputs, pipeline: created.model, at: event.sequence)
        }
        if let planned = event.payload(as: DeploymentPlanned.self) {
            return of(planned.model, planned.version, planned.stage)
        }
        if let refused = event.payload(as: PromotionRefused.self) {
            return of(refused.model, refused.version, refused.stage)
        }
        if event.type == TrainingRequested.type, let cause = event.causation,
            let drift = book.drifts[cause]
        {
            return [.fact(drift)]
        }
        if let accepted = event.payload(as: DataAccepted.self) {
            return contract(accepted.contract)
        }
        if let rejected = event.payload(as: DataRejected.self) {
            return rejected.contract.map { contract($0) } ?? []
        }
        return []
    }

    /// A version at the door of a stage: how it was made, what the gates found, who let it in.
    private func of(_ model: String, _ version: Int, _ stage: String) -> [Need] {
        let key = EvidenceBook.StageKey(model: model, version: version, stage: stage)
        var needs: [Need] = []
        if let gates = book.gates[key] { needs.append(.fact(gates)) }
        if let approval = book.approvals[key] { needs.append(.story(approval)) }
        if !trunkVersions.contains(version),
            let made = book.versions[.init(model: model, version: version)]
        {
            needs.append(.story(made))
        }
        return needs
    }

    /// What a version was made from: the files, their contracts, the code, the settings.
    private func of(_ inputs: RunInputs, pipeline: String, at sequence: UInt64) -> [Need] {
        var needs: [Need] = data(inputs).map { file in
            let key = EvidenceBook.FileKey(path: file.path, sha256: file.sha256)
            return .file(
                title: "\(file.path) (\(file.rows) rows, \(file.sha256.short))",
                sequences: [book.accepted[key], book.arrivals[key]].compactMap { $0 })
        }
        if needs.isEmpty, inputs.files.count > 0 {
            needs.append(
                .file(
                    title: "\(inputs.files.count) files of version \(inputs.datasetVersion) of "
                        + "\(inputs.dataset), whose list is not in the vault", sequences: []))
        }
        for name in inputs.code.keys.sorted() {
            guard let digest = inputs.code[name] else { continue }
            needs.append(code(name, digest, pipeline))
        }
        if let settings = book.settings(at: sequence) { needs.append(.fact(settings)) }
        return needs
    }

    /// The files of the dataset version; none when their list is no longer in the vault.
    private func data(_ inputs: RunInputs) -> [DatasetFile] {
        guard let files else { return inputs.files.listed ?? [] }
        return (try? inputs.manifest(from: files).sorted) ?? []
    }

    /// A run names its code by a path below the workspace or below the pipeline's folder.
    private func code(_ name: String, _ digest: Digest, _ pipeline: String) -> Need {
        let paths = ["code/\(pipeline)/\(name)", name].compactMap { WorkspacePath(escaped: $0) }
        let arrival = paths.lazy.compactMap { path in
            book.arrivals[EvidenceBook.FileKey(path: path, sha256: digest)]
        }.first
        return .file(
            title: "\(name) (code, \(digest.short))", sequences: [arrival].compactMap { $0 })
    }

    private func contract(_ digest: Digest) -> [Need] {
        book.contracts[digest].map { [.fact($0)] } ?? []
    }
}
