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
            let dataset = members.text("dataset"),
            let version = members.value("version", as: Int.self)
        else { return }
        // Taken out and put back, so that it is changed in place.
        var files = datasets.removeValue(forKey: dataset) ?? [:]
        if let list = members.members("files")?.value("listed", as: [DatasetFile].self) {
            let before = files
            files = [:]
            for file in list {
                let since = before[file.sha256]?.since ?? version
                files[file.sha256, default: Presence(since: since, paths: 0)].paths += 1
            }
        } else {
            // What comes first: bytes that only move to another path have been there all the time.
            let after = members.list("changes") { $0.digest("after") }
            for digest in after {
                files[digest, default: Presence(since: version, paths: 0)].paths += 1
            }
            let before = members.list("changes") { $0.digest("before") }
            for digest in before {
                guard let known = files[digest] else { continue }
                files[digest] =
                    known.paths > 1
                    ? Presence(since: known.since, paths: known.paths - 1) : nil
            }
        }
        datasets[dataset] = files
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
