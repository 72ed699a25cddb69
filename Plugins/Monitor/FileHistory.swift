import Millrace

/// Since which version a dataset has had each of its files: what tells new rows from old ones, also
/// when a file was corrected, moved or taken out in between.
struct FileHistory: Projection {
    static let types: [any EventPayload.Type] = [DatasetVersionCreated.self]

    /// By dataset, then by digest of the file: the first of the versions that have had it without a
    /// break.
    private var since: [String: [Digest: Int]] = [:]

    mutating func apply(_ event: Event) {
        guard let version = event.payload(as: DatasetVersionCreated.self) else { return }
        let before = since[version.dataset] ?? [:]
        var now: [Digest: Int] = [:]
        for file in version.files { now[file.sha256] = before[file.sha256] ?? version.version }
        since[version.dataset] = now
    }

    /// Rows in files of a version that the dataset did not have at an earlier version; all rows when
    /// there is no earlier one.
    func newRows(in version: DatasetVersionCreated, since earlier: Int?) -> Int {
        guard let earlier else { return version.rows }
        let first = since[version.dataset] ?? [:]
        return version.files.reduce(0) { sum, file in
            (first[file.sha256] ?? version.version) > earlier ? sum + file.rows : sum
        }
    }
}
