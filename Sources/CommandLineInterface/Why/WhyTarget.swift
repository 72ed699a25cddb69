import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// What somebody asks about: a model, a dataset, a record, or a file.
struct WhyTarget {
    let words: RawArgument
    let root: FilePath
    let reader: JournalReader
    let search: EvidenceSearch
    /// Read when somebody asks for a version, or for nothing that there is.
    let models: () throws -> ModelRegistry
    /// By pipeline: the stage that counts as production.
    let production: [String: String]

    /// The record that answers it. - Throws: when there is nothing by that name.
    ///
    /// - Parameter forward: whether its consequences are asked for: those of a file begin with its arrival.
    func sequence(forward: Bool = false) throws -> UInt64 {
        if let text = words.text {
            let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
            if let number = UInt64(digits) { return number }
            if let found = try model(text) ?? dataset(text) { return found }
        }
        if let found = try file() {
            return try (forward ? search.origin(of: found) : search.outcome(of: found)).sequence
        }
        if let text = words.text, let found = try identified(by: text) { return found }
        throw try missing()
    }

    // MARK: models

    private func model(_ text: String) throws -> UInt64? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard parts.count <= 2,
            let newest = try search.latest(about: .model(name), ModelVersionCreated.self)?
                .payload(as: ModelVersionCreated.self)?.version
        else { return nil }
        guard parts.count == 2 else { return try live(name) ?? about(name, newest) }
        let digits = parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1]
        if let version = Int(digits), let found = try about(name, version) { return found }
        let some = try search.versions(of: name).suffix(10).map { "\(name)@\($0)" }
        throw CommandFailure(
            .missing, "\(name) has no version '\(String(parts[1]))'",
            advice: Text("there are: " + some.joined(separator: ", ")))
    }

    /// The deployment by which the version in production went live.
    private func live(_ name: String) throws -> UInt64? {
        let stage = production[name]
        return try search.latest(about: .model(name), DeploymentCompleted.self) { event in
            stage == nil || event.members(of: DeploymentCompleted.self)?.text("stage") == stage
        }?.sequence
    }

    /// Where a version got to: into production, into another stage, to a refusal, or to be made.
    private func about(_ name: String, _ version: Int) throws -> UInt64? {
        func latest(_ type: any EventPayload.Type, stage: String? = nil) throws -> UInt64? {
            try search.latest(type, name, version, stage: stage)?.sequence
        }
        let stage = production[name]
        // A state knows who was live: what was said of an old version since need not be read.
        if let stage, let tenures = try models().models[name]?.tenures[stage],
            let live = tenures.last(where: { $0.version == version })
        {
            return live.sequence
        }
        guard let made = try latest(ModelVersionCreated.self) else { return nil }
        if let stage, let live = try latest(DeploymentCompleted.self, stage: stage) {
            return live
        }
        return try latest(PromotionRefused.self) ?? latest(DeploymentCompleted.self) ?? made
    }

    // MARK: datasets

    /// The record of a dataset's version; without a number, of the latest.
    private func dataset(_ text: String) throws -> UInt64? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard parts.count <= 2, !name.contains("/"),
            let newest = try search.latest(about: .dataset(name), DatasetVersionCreated.self)
        else { return nil }
        guard parts.count == 2 else { return newest.sequence }
        let number = Int(parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1])
        let found = try search.latest(about: .dataset(name), DatasetVersionCreated.self) { event in
            event.members(of: DatasetVersionCreated.self)?.value("version") == number
        }
        if let found { return found.sequence }
        let last = newest.payload(as: DatasetVersionCreated.self)?.version ?? 0
        throw CommandFailure(
            .missing, "\(name) has no version '\(String(parts[1]))'",
            advice: "the newest is \(name)@\(last)")
    }

    // MARK: files

    /// The last that is known about a path, given from the workspace or as the shell completes it.
    private func file() throws -> Event? {
        var candidates = [words.bytes]
        if let absolute = try? AbsolutePath.of(FilePath(bytes: words.bytes)) {
            let prefix = root.bytes + [UInt8(ascii: "/")]
            if absolute.bytes.starts(with: prefix) {
                candidates.append(Array(absolute.bytes.dropFirst(prefix.count)))
            }
        }
        if let escaped = words.text.flatMap({ WorkspacePath(escaped: $0) }) {
            candidates.append(escaped.bytes)
        }
        for path in candidates.compactMap({ WorkspacePath(bytes: $0) }) {
            if let found = try search.latest(about: path) { return found }
        }
        return nil
    }

    // MARK: records

    /// The record whose id begins with these digits.
    private func identified(by text: String) throws -> UInt64? {
        guard text.utf8.count >= 4, let key = IndexKey(idPrefix: text) else { return nil }
        var found: [UInt64] = []
        let cursor = try reader.records(with: key)
        while let record = try cursor.next() { found.append(record.sequence) }
        if found.count > 1 {
            let list = found.prefix(5).map { "#\($0)" }.joined(separator: ", ")
            throw CommandFailure(
                .usage,
                "\(found.count) records have an id that begins with '\(text.lowercased())': \(list)",
                advice: "type more digits, or the number of one")
        }
        return found.first
    }

    private func missing() throws -> CommandFailure {
        let models = try models().models.values.filter { !$0.versions.isEmpty }.map(\.name).sorted()
        let meant = suggestions(for: words.text ?? "", among: models)
        let advice: String
        if let text = words.text, text.contains("/") {
            advice = "'millrace why-not \(text)' says what became of it instead"
        } else if !meant.isEmpty {
            advice = "Did you mean '\(meant.joined(separator: "' or '"))'?"
        } else if models.isEmpty {
            advice = "there is no model yet; 'millrace events' lists what there is"
        } else {
            advice =
                "models: \(models.joined(separator: ", ")); 'millrace events' lists all records"
        }
        return CommandFailure(
            .missing, "nothing here is called '\(Text(bytes: words.bytes))'", advice: Text(advice))
    }
}

extension EvidenceSearch {
    /// From a state of the datasets and the settings.
    init(_ reader: JournalReader, _ view: WorkspaceView) {
        var known = Known()
        known.settings = view.state(SettingsInForce.self).sequence
        known.contracts = view.state(DatasetRegistry.self).datasets.compactMapValues(\.contract)
        self.init(reader, upTo: view.sequence, known)
    }
}

extension WhyTarget {
    /// From the states at a moment.
    init(
        _ words: RawArgument, root: FilePath, _ reader: JournalReader, at moment: Moment
    ) throws {
        // Who names a version asks about its model: its state is then folded with the others, because
        // a second fold would read the same records once more.
        let isVersion = words.text?.contains("@") ?? false
        let view = try WorkspaceView(
            reader,
            projections: [SettingsInForce.self, DatasetRegistry.self]
                + (isVersion ? [ModelRegistry.self] : []), at: moment)
        self.init(
            words: words, root: root, reader: reader, search: EvidenceSearch(reader, view),
            models: {
                let known =
                    isVersion
                    ? view
                    : try WorkspaceView(
                        reader, projections: [ModelRegistry.self], at: .sequence(view.sequence))
                return known.state(ModelRegistry.self)
            },
            production: (view.state(SettingsInForce.self).settings?.pipelines ?? [:])
                .compactMapValues(\.stages.last))
    }
}
