import Millrace

extension DatasetManifest {
    /// The files of the version before; none when there is none.
    init(_ version: DatasetVersionCreated?, in context: Context) throws {
        self = try version?.manifest(from: context.files) ?? DatasetManifest()
    }

    /// Another path with the same bytes, the first of them.
    func twin(of digest: Digest, at path: WorkspacePath) -> DatasetFile? {
        files.values.filter { $0.sha256 == digest && $0.path != path }.min { $0.path < $1.path }
    }

    /// The event that the files are now these; nothing when they are those of the version before.
    ///
    /// A file that the version before had, and that lies there under another name as well, stays in
    /// under that name.
    func events(
        after current: DatasetVersionCreated?, before: DatasetManifest, of dataset: String,
        in context: Context
    ) throws -> [DatasetVersionCreated] {
        let kept = try keeping(before, of: dataset, in: context)
        let changes = kept.changes(since: before)
        var events: [DatasetVersionCreated] = []
        var manifest = before
        var rest = changes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(DatasetVersionCreated.changeLimit))
            rest = rest.dropFirst(part.count)
            for change in part {
                if let file = kept.files[change.path] {
                    manifest.put(file)
                } else {
                    manifest.remove(change.path)
                }
            }
            let previous = events.last ?? current
            events.append(
                DatasetVersionCreated(
                    dataset: dataset, version: (previous?.version ?? 0) + 1,
                    digest: manifest.digest,
                    files: try manifest.write(part, after: previous?.files, to: context.files),
                    changes: part))
        }
        return events
    }

    private func keeping(
        _ before: DatasetManifest, of dataset: String, in context: Context
    ) throws -> DatasetManifest {
        let setAside = try context.state(SetAside.self)
        guard setAside.hasFiles(in: dataset) else { return self }
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
