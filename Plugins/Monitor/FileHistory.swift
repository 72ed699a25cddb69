import Millrace

/// Since which version a dataset has had each of its files: what tells new rows from old ones, also
/// when a file was corrected, moved or taken out in between. As large as the lists of files.
struct FileHistory: Projection {
    static let types: [any EventPayload.Type] = [DatasetVersionCreated.self]

    /// By dataset, then by digest of the file: the first of the versions that have had it without a
    /// break.
    private var datasets: [String: [Digest: Presence]] = [:]

    private struct Presence: Codable {
        var since: Int
        /// Under how many paths.
        var paths = 1
    }

    mutating func apply(_ event: Event) {
        guard let members = event.members(of: DatasetVersionCreated.self),
            let dataset = members.text("dataset"), let version = members.integer("version")
        else { return }
        // Changed in place.
        FileHistory.apply(members, version, to: &datasets[dataset, default: [:]])
    }

    private static func apply(
        _ members: PayloadMembers, _ version: Int, to files: inout [Digest: Presence]
    ) {
        if let list = members.members("files")?.value("listed", as: [DatasetFile].self) {
            let before = files
            files = [:]
            for file in list {
                let since = before[file.sha256]?.since ?? version
                files[file.sha256, default: Presence(since: since, paths: 0)].paths += 1
            }
            return
        }
        // What comes first: bytes that only move to another path have been there all the time.
        members.forEach(in: "changes") { change in
            guard let digest = change.digest("after") else { return }
            files[digest, default: Presence(since: version, paths: 0)].paths += 1
        }
        members.forEach(in: "changes") { change in
            guard let digest = change.digest("before"), let known = files[digest] else { return }
            files[digest] =
                known.paths > 1 ? Presence(since: known.since, paths: known.paths - 1) : nil
        }
    }

    /// Rows in files of a version that the dataset did not have at an earlier version; all rows when
    /// there is no earlier one.
    func newRows(
        in version: DatasetVersionCreated, since earlier: Int?, from files: any FileStore
    ) throws -> Int {
        guard let earlier else { return version.rows }
        let known = datasets[version.dataset] ?? [:]
        return try version.manifest(from: files).files.values.reduce(0) { sum, file in
            (known[file.sha256]?.since ?? version.version) > earlier ? sum + file.rows : sum
        }
    }
}
