import Checksums

/// The files of a dataset version, by path: the list that `DatasetFiles` leads to.
///
///     var manifest = try DatasetManifest(version.files, digest: version.digest, from: context.files)
///     manifest.put(file)
///     let files = try manifest.write(changes, after: version.files, to: context.files)
public struct DatasetManifest: Sendable, Equatable {
    public private(set) var files: [WorkspacePath: DatasetFile] = [:]

    public init() {}

    /// Reads a list from the vault. - Throws: `ReactionError` when a part of it is not there, or is
    /// not what the digest says.
    public init(_ list: DatasetFiles, digest: Digest, from store: any FileStore) throws {
        for file in list.listed ?? [] { files[file.path] = file }
        for layer in list.layers {
            for (path, file) in try DatasetLayer.read(layer, from: store) { files[path] = file }
        }
        // A list that stands in the journal itself is bound by the journal.
        guard list.layers.isEmpty || self.digest == digest else {
            throw ReactionError(
                "the list of the \(list.count) files of dataset version \(digest.short) is not "
                    + "what it was: the vault is damaged; 'millrace verify --vault' says where",
                retryable: false)
        }
    }

    /// Puts a file in, in the place of the one that had its path.
    public mutating func put(_ file: DatasetFile) { files[file.path] = file }

    /// - Returns: what had the path.
    @discardableResult
    public mutating func remove(_ path: WorkspacePath) -> DatasetFile? {
        files.removeValue(forKey: path)
    }

    /// In the order of the paths' bytes.
    public var sorted: [DatasetFile] { files.values.sorted { $0.path < $1.path } }

    /// The version's digest: SHA-256 of one line of JSON for each file in the order of the paths'
    /// bytes, `{"path":…,"size":…,"sha256":…}` and a line feed.
    public var digest: Digest {
        var hash = SHA256()
        for file in sorted {
            let line = JSONValue.object([
                .init("path", .string(file.path.description)),
                .init("size", .integer(Int64(file.size))),
                .init("sha256", .string(file.sha256.hex)),
            ])
            hash.update(line.bytes + [UInt8(ascii: "\n")])
        }
        return Digest(words: hash.finish().words)
    }

    /// What is different from an earlier list, in the order of the paths.
    public func changes(since before: DatasetManifest) -> [DatasetChange] {
        var changes: [DatasetChange] = []
        for (path, file) in files where before.files[path] != file {
            changes.append(
                DatasetChange(
                    path: path, before: before.files[path]?.sha256, after: file.sha256))
        }
        for (path, file) in before.files where files[path] == nil {
            changes.append(DatasetChange(path: path, before: file.sha256, after: nil))
        }
        return changes.sorted { $0.path < $1.path }
    }

    /// Keeps the list in the vault, durably, as the one before it and a layer with the changes.
    public func write(
        _ changes: [DatasetChange], after before: DatasetFiles?, to store: any FileStore
    ) throws -> DatasetFiles {
        var layers = before?.layers ?? []
        var layer: DatasetLayer.Entries = [:]
        for change in changes { layer.updateValue(files[change.path], forKey: change.path) }
        while let last = layers.last, last.lines <= 2 * layer.count {
            layers.removeLast()
            layer.merge(try DatasetLayer.read(last, from: store)) { newer, _ in newer }
        }
        var listed = before?.listed
        if layers.isEmpty {
            // The lowest layer has all that is not in a higher one; nothing below is to be hidden.
            for file in listed ?? [] where layer[file.path] == nil { layer[file.path] = file }
            listed = nil
            layer = layer.filter { $0.value != nil }
        }
        if !layer.isEmpty { layers.append(try DatasetLayer.write(layer, to: store)) }
        return DatasetFiles(
            count: files.count, rows: sum(files.values, \.rows), bytes: sum(files.values, \.size),
            layers: layers, listed: listed)
    }
}

extension DatasetVersionCreated {
    /// The list of its files.
    public func manifest(from store: any FileStore) throws -> DatasetManifest {
        try DatasetManifest(files, digest: digest, from: store)
    }
}

extension RunInputs {
    /// The list of the files that the run learns from.
    public func manifest(from store: any FileStore) throws -> DatasetManifest {
        try DatasetManifest(files, digest: datasetDigest, from: store)
    }
}
