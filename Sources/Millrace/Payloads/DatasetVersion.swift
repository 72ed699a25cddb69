/// A dataset has a new version: the set of its accepted files changed.
public struct DatasetVersionCreated: EventPayload {
    public static let type = "dataset.versioned"
    public static let version = 2

    public var dataset: String
    /// Counts 1, 2, 3 …
    public var version: Int
    /// SHA-256 of the list: path, size and digest of each file, in the order of their paths. It is
    /// the same for the same files, whatever history they have (`DatasetManifest.digest`).
    public var digest: Digest
    /// How much it is, and where the list of files lies.
    public var files: DatasetFiles
    /// What changed since the version before: at most `changeLimit`. More become several versions.
    public var changes: [DatasetChange]

    /// As many changes as one event may name.
    public static let changeLimit = 500

    public var rows: Int { files.rows }

    /// The paths that are new or changed since the version before.
    public var added: [WorkspacePath] { changes.filter { $0.after != nil }.map(\.path) }

    public var subject: Subject { .dataset(dataset) }

    public var summary: String {
        "version \(version): \(grouped(rows)) rows in \(count(files.count, "file")), \(digest.short)"
    }

    public init(
        dataset: String, version: Int, digest: Digest, files: DatasetFiles,
        changes: [DatasetChange]
    ) {
        self.dataset = dataset
        self.version = version
        self.digest = digest
        self.files = files
        self.changes = changes
    }

    /// With the list of files in the event, as layout version 1 has it.
    public init(
        dataset: String, version: Int, digest: Digest, listing files: [DatasetFile],
        added: [WorkspacePath]
    ) {
        let digests = Dictionary(
            files.map { ($0.path, $0.sha256) }, uniquingKeysWith: { first, _ in first })
        self.init(
            dataset: dataset, version: version, digest: digest, files: DatasetFiles(listing: files),
            changes: added.map { DatasetChange(path: $0, before: nil, after: digests[$0]) })
    }

    /// Version 1 had the whole list and the paths that were added.
    public static func upcast(_ payload: JSONValue, from version: Int) -> JSONValue {
        guard version == 1, case .object(let members) = payload else { return payload }
        var digests: [String: JSONValue] = [:]
        for file in payload["files"]?.arrayValue ?? [] {
            if let path = file["path"]?.stringValue { digests[path] = file["sha256"] }
        }
        let changes = (payload["added"]?.arrayValue ?? []).map { path -> JSONValue in
            let digest = path.stringValue.flatMap { digests[$0] }
            return .object(
                [.init("path", path)] + (digest.map { [.init("after", $0)] } ?? []))
        }
        let kept = members.filter { !["files", "added", "rows"].contains($0.key) }
        return .object(
            kept + [
                .init("files", DatasetFiles.upcast(payload["files"])),
                .init("changes", .array(changes)),
            ])
    }
}
