/// One file of a dataset version.
public struct DatasetFile: Codable, Hashable, Sendable {
    public var path: WorkspacePath
    public var size: Int
    public var sha256: Digest
    public var rows: Int
    /// Its profile in the vault: what drift is measured with.
    public var profile: Digest

    public init(path: WorkspacePath, size: Int, sha256: Digest, rows: Int, profile: Digest) {
        self.path = path
        self.size = size
        self.sha256 = sha256
        self.rows = rows
        self.profile = profile
    }
}

/// The list of a dataset version's files: how much it is, and where the vault has it.
///
/// The list itself is not part of the event: a dataset of thousands of files would make a journal that
/// grows with the square of their number. It lies in the vault in *layers*, each a text of what
/// changed, the oldest first; a later layer counts before an earlier one. A new version adds a layer
/// with its changes and merges it with those that are not at least twice as large, so that a list of
/// n files has at most about log n layers, and n versions write about n log n lines.
/// `DatasetManifest` reads and writes it.
public struct DatasetFiles: Codable, Hashable, Sendable {
    /// A part of the list in the vault.
    public struct Layer: Codable, Hashable, Sendable {
        /// One line of JSON for each file: `{"path", "size", "sha256", "rows", "profile"}`, or
        /// `{"path", "removed": true}`, in the order of the paths' bytes.
        public var sha256: Digest
        public var lines: Int

        public init(sha256: Digest, lines: Int) {
            self.sha256 = sha256
            self.lines = lines
        }
    }

    public var count: Int
    public var rows: Int
    /// Of all files together.
    public var bytes: Int
    public var layers: [Layer]
    /// The list itself, in events whose layout is version 1; below all layers.
    public var listed: [DatasetFile]?

    public init(count: Int, rows: Int, bytes: Int, layers: [Layer], listed: [DatasetFile]? = nil) {
        self.count = count
        self.rows = rows
        self.bytes = bytes
        self.layers = layers
        self.listed = listed
    }

    /// The list as events of layout version 1 have it.
    public init(listing files: [DatasetFile]) {
        self.init(
            count: files.count, rows: sum(files, \.rows), bytes: sum(files, \.size), layers: [],
            listed: files)
    }

    /// A list of files, as version 1 has it, in the form of version 2.
    static func upcast(_ files: JSONValue?) -> JSONValue {
        let files = files?.arrayValue ?? []
        func total(_ key: String) -> JSONValue {
            .integer(
                files.reduce(0) {
                    $0.addingReportingOverflow($1[key]?.integerValue ?? 0).partialValue
                })
        }
        return [
            "count": .integer(Int64(files.count)), "rows": total("rows"), "bytes": total("size"),
            "layers": [], "listed": .array(files),
        ]
    }
}

/// What became of one path from one dataset version to the next.
public struct DatasetChange: Codable, Hashable, Sendable {
    public var path: WorkspacePath
    /// Nil when the version before had no such file.
    public var before: Digest?
    /// Nil when the version has no such file any more.
    public var after: Digest?

    public init(path: WorkspacePath, before: Digest?, after: Digest?) {
        self.path = path
        self.before = before
        self.after = after
    }
}

/// A sum that no number from outside can make overflow.
func sum<T>(_ values: some Sequence<T>, _ number: (T) -> Int) -> Int {
    values.reduce(0) { $0.addingReportingOverflow(number($1)).partialValue }
}
