package import Journal
package import Millrace

/// What of the vault nothing needs any more.
///
/// Needed is everything that was in force at a moment of the past or at any time since: the files that
/// lay in the workspace, the current version of each dataset with all its files, the model versions that
/// were live, could be gone back to or waited, with what they were trained on, and whatever an event
/// since then names. The moment is so long ago as bytes are kept, or earlier: what waits to be handled,
/// or was set aside, keeps what was needed when it happened. Files in quarantine are needed while their
/// folder is there.
package struct VaultNeeds {
    /// Bytes that may go.
    package struct Unneeded: Sendable {
        package let digest: Digest
        /// The last record that names them.
        package let named: UInt64
    }

    package private(set) var unneeded: [Unneeded] = []
    /// The moment.
    package let since: Timestamp

    private struct Version: Hashable {
        let model: String
        let version: Int
    }

    private struct Tenure {
        var live: Version
        var before: Version?
    }

    /// By digest, the last record that names it, of what may leave.
    private var named: [Digest: UInt64] = [:]
    private var needed: Set<Digest> = []
    private var files: [WorkspacePath: Digest] = [:]
    private var datasets: [String: DatasetVersionCreated] = [:]
    private var created: [Version: UInt64] = [:]
    private var latest: [String: Version] = [:]
    private var tenures: [String: Tenure] = [:]
    private var waiting: [String: Version] = [:]
    private var kept: Set<Version> = []
    private let isInQuarantine: (WorkspacePath) -> Bool

    private static let types = ObjectNames.types.union([
        FileRemoved.type, ApprovalRequested.type, ApprovalDecided.type,
    ])

    private static let language = Set(EventCatalogue.language.map { type in type.type }).union([
        "journal.watermark", JournalRecovered.type,
    ])

    /// - Parameters:
    ///   - moment: what was in force then, or since, is needed.
    ///   - plugins: what they have yet to handle keeps what was in force when it happened.
    ///   - isInQuarantine: whether a folder of a rejected file is still there.
    /// - Throws: when not all of the journal, or a list of files, can be read: then nothing is known.
    package init(
        _ reader: JournalReader, store: any FileStore, since moment: Timestamp,
        plugins: [RegisteredPlugin], isInQuarantine: @escaping (WorkspacePath) -> Bool
    ) throws {
        self.isInQuarantine = isInQuarantine
        let view = try WorkspaceView(reader, projections: [], plugins: plugins)
        var first = try reader.sequence(at: moment) ?? .max
        since =
            if let oldest = view.deliveries.unsettled.min(), oldest < first,
                let time = try reader.record(oldest)?.time
            {
                time
            } else {
                moment
            }
        first = min(first, view.deliveries.unsettled.min() ?? .max)
        var hasBegun = false
        let cursor = try reader.cursor()
        while let record = try cursor.next() {
            if record.sequence >= first, !hasBegun {
                begin()
                hasBegun = true
            }
            let type = cursor.type(of: record)
            guard VaultNeeds.types.contains(type) else {
                // Plugins of the user's own may name bytes in any form.
                if hasBegun, !VaultNeeds.language.contains(type) {
                    record.withPayload { needed.formUnion(ObjectNames.digests(in: $0)) }
                }
                continue
            }
            let event = try cursor.event(of: record)
            if hasBegun { need(event) }
            apply(event)
        }
        // And what is in force now.
        begin()
        try needVersions(reader)
        try needFiles(store)
        unneeded = named.filter { !needed.contains($0.key) }
            .map { Unneeded(digest: $0.key, named: $0.value) }
            .sorted { ($0.named, $0.digest.hex) < ($1.named, $1.digest.hex) }
        named = [:]
    }

    /// What bytes are, in a few words, as an event that names them says.
    package func what(_ digest: Digest, in event: Event) -> String {
        var found = "bytes"
        ObjectNames.forEach(in: event) { named, _, what in if named == digest { found = what() } }
        return found
    }

    /// What is in force from here on is needed.
    private mutating func begin() {
        needed.formUnion(files.values)
        for version in datasets.values { need(version) }
        for tenure in tenures.values {
            kept.insert(tenure.live)
            if let before = tenure.before { kept.insert(before) }
        }
        kept.formUnion(waiting.values)
        kept.formUnion(latest.values)
    }

    private mutating func need(_ version: DatasetVersionCreated) {
        for layer in version.files.layers { needed.insert(layer.sha256) }
        lists[version.digest] = version.files
    }

    /// By the digest of the version, the lists of files that are needed.
    private var lists: [Digest: DatasetFiles] = [:]

    /// What an event names that is not old is needed.
    private mutating func need(_ event: Event) {
        ObjectNames.forEach(in: event) { digest, _, _ in needed.insert(digest) }
        if let removed = event.payload(as: FileRemoved.self) {
            needed.insert(removed.sha256)
        } else if let version = event.payload(as: DatasetVersionCreated.self) {
            need(version)
        } else if let run = event.payload(as: RunStarted.self) {
            need(run.inputs)
        } else if let version = event.payload(as: ModelVersionCreated.self) {
            kept.insert(Version(model: version.model, version: version.version))
        } else if let planned = event.payload(as: DeploymentPlanned.self) {
            kept.insert(Version(model: planned.model, version: planned.version))
        } else if let deployed = event.payload(as: DeploymentCompleted.self) {
            kept.insert(Version(model: deployed.model, version: deployed.version))
        } else if let waits = event.payload(as: ApprovalRequested.self) {
            kept.insert(Version(model: waits.model, version: waits.version))
        }
    }

    private mutating func need(_ inputs: RunInputs) {
        for layer in inputs.files.layers { needed.insert(layer.sha256) }
        lists[inputs.datasetDigest] = inputs.files
    }

    // MARK: what is in force

    private mutating func apply(_ event: Event) {
        ObjectNames.forEach(in: event) { digest, mayLeave, _ in
            if mayLeave { named[digest] = event.sequence } else { needed.insert(digest) }
        }
        if let arrived = event.payload(as: FileArrived.self) {
            if let previous = arrived.previousPath { files[previous] = nil }
            files[arrived.path] = arrived.sha256
        } else if let removed = event.payload(as: FileRemoved.self) {
            files[removed.path] = nil
        } else if let rejected = event.payload(as: DataRejected.self) {
            if isInQuarantine(rejected.quarantine) { needed.insert(rejected.sha256) }
        } else if let version = event.payload(as: DatasetVersionCreated.self) {
            datasets[version.dataset] = version
        } else {
            applyToModels(event)
        }
    }

    private mutating func applyToModels(_ event: Event) {
        if let made = event.payload(as: ModelVersionCreated.self) {
            let version = Version(model: made.model, version: made.version)
            created[version] = event.sequence
            latest[made.model] = version
        } else if let deployed = event.payload(as: DeploymentCompleted.self) {
            let version = Version(model: deployed.model, version: deployed.version)
            let place = "\(deployed.stage)/\(deployed.model)"
            if let live = tenures[place]?.live, live != version {
                tenures[place] = Tenure(live: version, before: live)
            } else if tenures[place] == nil {
                tenures[place] = Tenure(live: version)
            }
        } else if let waits = event.payload(as: ApprovalRequested.self) {
            waiting["\(waits.stage)/\(waits.model)"] = Version(
                model: waits.model, version: waits.version)
        } else if let decided = event.payload(as: ApprovalDecided.self) {
            waiting["\(decided.stage)/\(decided.model)"] = nil
        }
    }

    // MARK: what that leads to

    private mutating func needVersions(_ reader: JournalReader) throws {
        for sequence in kept.compactMap({ created[$0] }) {
            guard let record = try reader.record(sequence),
                let version = try reader.event(of: record).payload(as: ModelVersionCreated.self)
            else { continue }
            needed.insert(version.artifact)
            if let examples = version.examples { needed.insert(examples) }
            need(version.inputs)
        }
    }

    private mutating func needFiles(_ store: any FileStore) throws {
        for (digest, files) in lists {
            do {
                for file in try DatasetManifest(files, digest: digest, from: store).files.values {
                    needed.insert(file.sha256)
                    needed.insert(file.profile)
                }
            } catch is RemovedObject {
                // A list that was removed, because the version was not needed then, names nothing any
                // more: what it named may be gone as well.
                continue
            }
        }
    }
}
