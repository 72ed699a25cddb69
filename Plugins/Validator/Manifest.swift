import Millrace

/// The files of a dataset version, and how they become the next version's.
struct Manifest {
    private(set) var files: [WorkspacePath: DatasetFile]

    init(_ version: DatasetVersionCreated?) {
        files = [:]
        for file in version?.files ?? [] { files[file.path] = file }
    }

    /// Puts a file in, in the place of the one that had its path.
    mutating func put(_ file: DatasetFile) { files[file.path] = file }

    /// - Returns: what had the path.
    @discardableResult
    mutating func remove(_ path: WorkspacePath) -> DatasetFile? { files.removeValue(forKey: path) }

    /// Another path with the same bytes.
    func twin(of digest: Digest, at path: WorkspacePath) -> DatasetFile? {
        sorted.first { $0.sha256 == digest && $0.path != path }
    }

    var sorted: [DatasetFile] { files.values.sorted { $0.path < $1.path } }

    /// One line of JSON for each file, in the order of the paths' bytes: path, size, SHA-256. The
    /// digest of these bytes is the version's.
    var bytes: [UInt8] {
        sorted.flatMap { file in
            JSONValue.object([
                .init("path", .string(file.path.description)),
                .init("size", .integer(Int64(file.size))),
                .init("sha256", .string(file.sha256.hex)),
            ]).bytes + [UInt8(ascii: "\n")]
        }
    }
}

extension Manifest {
    /// The event that the files are now these; nothing when they are those of the version before.
    ///
    /// A file that the version before had, and that lies there under another name as well, stays in
    /// under that name.
    func events(
        after current: DatasetVersionCreated?, of dataset: String, in context: Context
    ) throws -> [DatasetVersionCreated] {
        let before = Manifest(current)
        let kept = try keeping(before, of: dataset, in: context)
        guard kept.files != before.files else { return [] }
        let files = kept.sorted
        return [
            DatasetVersionCreated(
                dataset: dataset, version: (current?.version ?? 0) + 1,
                digest: try context.files.store(kept.bytes),
                rows: files.reduce(0) { $0 + $1.rows }, files: files,
                added: files.filter { before.files[$0.path]?.sha256 != $0.sha256 }.map(\.path))
        ]
    }

    private func keeping(
        _ before: Manifest, of dataset: String, in context: Context
    ) throws -> Manifest {
        let setAside = try context.state(SetAside.self)
        let digests = Set(files.values.map(\.sha256))
        var kept = self
        for lost in before.sorted where !digests.contains(lost.sha256) {
            guard let path = setAside.path(of: lost.sha256, in: dataset) else { continue }
            context.log(.info, "\(path) takes the place of \(lost.path), whose bytes it has")
            kept.put(lost.moved(to: path))
        }
        return kept
    }
}

extension DatasetFile {
    func moved(to path: WorkspacePath) -> DatasetFile {
        var file = self
        file.path = path
        return file
    }
}
