import Console
import Daemon
import Journal
import Millrace
import Runtime

/// Compares two versions of a model, two of a dataset, or two moments.
struct DiffAssembly {
    let reader: JournalReader
    let store: any FileStore

    private var search: EvidenceSearch {
        get throws { EvidenceSearch(reader, upTo: try reader.head().sequence) }
    }

    // MARK: models

    /// Whether any version of a model was made.
    func isModel(_ name: String) throws -> Bool {
        try search.latest(about: .model(name), ModelVersionCreated.self) != nil
    }

    func models(_ name: String, _ a: Int, _ b: Int) throws -> DiffReport {
        let search = try search
        func version(_ number: Int) throws -> Version {
            guard let version = try Version(search, name, number) else {
                let known = try search.versions(of: name).suffix(10).map { "\(name)@\($0)" }
                throw CommandFailure(
                    .missing, "\(name) has no version \(number)",
                    advice: Text("there are: " + known.joined(separator: ", ")))
            }
            return version
        }
        let (before, after) = (try version(a), try version(b))
        let (old, new) = (before.created.inputs, after.created.inputs)
        return DiffReport(
            before: "\(name) v\(a)", after: "\(name) v\(b)",
            sections: [
                .init(name: "metrics", changes: metrics(before, after)),
                .init("parameters", try parameters(old), try parameters(new)),
                try data(old, new),
                .init(name: "code", changes: code(old.code, new.code)),
                try settings(name, before.sequence, after.sequence),
            ])
    }

    /// A version as the journal has it: also one that no state keeps any more.
    private struct Version {
        let created: ModelVersionCreated
        let sequence: UInt64
        /// As they were measured last.
        let metrics: [String: Double]

        init?(_ search: EvidenceSearch, _ model: String, _ number: Int) throws {
            guard let event = try search.latest(ModelVersionCreated.self, model, number),
                let created = event.payload(as: ModelVersionCreated.self)
            else { return nil }
            self.created = created
            sequence = event.sequence
            let evaluated = try search.latest(about: .model(model), ModelEvaluated.self) {
                $0.isAbout(version: number, stage: nil)
            }
            metrics = evaluated?.payload(as: ModelEvaluated.self)?.metrics ?? created.metrics
        }
    }

    private func metrics(_ before: Version, _ after: Version) -> [DiffReport.Change] {
        let (old, new) = (before.metrics, after.metrics)
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (a, b) = (old[name], new[name])
            guard a != b else { return nil }
            var note: String?
            if let a, let b { note = (b > a ? "+" : "") + Format.fixed(b - a, 4) }
            return .init(
                name, a.map { Format.fixed($0, 4) }, b.map { Format.fixed($0, 4) }, note: note)
        }
    }

    /// All inputs of a run but its data and its code.
    private func parameters(_ inputs: RunInputs) throws -> JSONValue {
        let apart = ["dataset", "datasetVersion", "datasetDigest", "files", "code"]
        guard case .object(let members) = try JSONValue(encoding: inputs) else { return .null }
        return .object(members.filter { !apart.contains($0.key) })
    }

    private func code(_ old: [String: Digest], _ new: [String: Digest]) -> [DiffReport.Change] {
        Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }.map {
            .init($0, old[$0]?.short, new[$0]?.short)
        }
    }

    private func settings(
        _ pipeline: String, _ a: UInt64, _ b: UInt64
    ) throws -> DiffReport.Section {
        func value(_ sequence: UInt64) throws -> JSONValue {
            let view = try WorkspaceView(
                reader, projections: [SettingsInForce.self], at: .sequence(sequence))
            guard let settings = view.state(SettingsInForce.self).settings else { return .null }
            return try settings.pipelines[pipeline].map { try JSONValue(encoding: $0) } ?? .null
        }
        return .init("settings", try value(a), try value(b))
    }

    // MARK: data

    private func data(_ old: RunInputs, _ new: RunInputs) throws -> DiffReport.Section {
        var changes: [DiffReport.Change] = []
        let versions = (
            "\(old.dataset) v\(old.datasetVersion)", "\(new.dataset) v\(new.datasetVersion)"
        )
        if versions.0 != versions.1 { changes.append(.init("version", versions.0, versions.1)) }
        guard old.datasetDigest != new.datasetDigest else {
            return .init(name: "data", changes: changes)
        }
        let difference = DatasetDifference(
            before: try old.manifest(from: store), after: try new.manifest(from: store),
            store: store)
        changes += difference.changes()
        changes += try difference.columns()
        return .init(name: "data", changes: changes)
    }

    func datasets(_ name: String, _ a: Int, _ b: Int) throws -> DiffReport {
        let search = try search
        func version(_ number: Int) throws -> DatasetVersionCreated {
            let found = try search.latest(about: .dataset(name), DatasetVersionCreated.self) {
                $0.isAbout(version: number, stage: nil)
            }
            if let version = found?.payload(as: DatasetVersionCreated.self) { return version }
            let last = try search.latest(about: .dataset(name), DatasetVersionCreated.self)?
                .payload(as: DatasetVersionCreated.self)
            throw CommandFailure(
                .missing, "\(name) has no version \(number)",
                advice: last.map { "it has 1 to \($0.version)" }
                    ?? "'millrace status' lists models and datasets")
        }
        let (before, after) = (try version(a), try version(b))
        let difference = DatasetDifference(
            before: try before.manifest(from: store), after: try after.manifest(from: store),
            store: store)
        return DiffReport(
            before: "\(name) v\(a)", after: "\(name) v\(b)",
            sections: [
                .init(name: "files", changes: difference.changes()),
                .init(name: "columns", changes: try difference.columns()),
            ])
    }

    // MARK: moments

    func moments(_ a: Moment, _ b: Moment) throws -> DiffReport {
        let (before, after) = (try state(a), try state(b))
        let names = ["models", "datasets", "settings"]
        return DiffReport(
            before: before.name, after: after.name,
            sections: names.map { name in
                .init(name, before.parts[name] ?? .null, after.parts[name] ?? .null)
            })
    }

    private func state(_ moment: Moment) throws -> (name: String, parts: [String: JSONValue]) {
        let view = try WorkspaceView(
            reader,
            projections: [ModelRegistry.self, DatasetRegistry.self, SettingsInForce.self],
            at: moment)
        let models = view.state(ModelRegistry.self).models.sorted { $0.key < $1.key }
        let datasets = view.state(DatasetRegistry.self).datasets.sorted { $0.key < $1.key }
        let parts: [String: JSONValue] = [
            "models": .object(
                models.map { name, model in
                    let stages = model.tenures.keys.sorted().map { stage in
                        JSONValue.Member(
                            stage, .string(model.live(in: stage).map { "v\($0)" } ?? "nothing"))
                    }
                    let waiting = model.waiting.keys.sorted().map { stage in
                        JSONValue.Member(
                            "waits for \(stage)", .string("v\(model.waiting[stage] ?? 0)"))
                    }
                    return .init(
                        name,
                        .object(
                            stages + waiting
                                + [.init("versions", .integer(Int64(model.versions.count)))]))
                }),
            "datasets": .object(
                datasets.map { name, dataset in
                    .init(
                        name,
                        .object([
                            .init("version", .integer(Int64(dataset.current?.version ?? 0))),
                            .init("rows", .string(Format.count(dataset.current?.rows ?? 0))),
                            .init("accepted", .string(Format.count(dataset.accepted))),
                            .init("rejected", .string(Format.count(dataset.rejected))),
                            .init(
                                "contract",
                                dataset.contract.map { .string($0.digest.short) } ?? .null),
                        ]))
                }),
            "settings": try view.state(SettingsInForce.self).settings.map {
                try JSONValue(encoding: $0)
            } ?? .null,
        ]
        let time = view.time.map { " (\(Format.dateAndTime($0)))" } ?? ""
        return ("#\(view.sequence)\(time)", parts)
    }
}
