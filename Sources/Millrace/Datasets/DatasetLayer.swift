/// A part of a dataset's list of files as the vault keeps it; `DatasetFiles.Layer` says how.
enum DatasetLayer {
    /// By path; nil for one that the dataset has no more.
    typealias Entries = [WorkspacePath: DatasetFile?]

    /// About a million files.
    private static let byteLimit = 512 << 20

    static func write(_ entries: Entries, to store: any FileStore) throws -> DatasetFiles.Layer {
        var text: [UInt8] = []
        for (path, file) in entries.sorted(by: { $0.key < $1.key }) {
            text += line(path, file).bytes
            text.append(newline)
        }
        return DatasetFiles.Layer(sha256: try store.store(text), lines: entries.count)
    }

    static func read(
        _ layer: DatasetFiles.Layer, from store: any FileStore
    ) throws -> Entries {
        let text = try store.bytes(of: layer.sha256, limit: byteLimit)
        var entries: Entries = [:]
        entries.reserveCapacity(min(layer.lines, text.count / 64 + 1))
        var number = 0
        for line in text.split(separator: newline) {
            number += 1
            guard let value = try? JSONValue(parsing: line), let path = path(value),
                let file = file(value, at: path)
            else {
                throw ReactionError(
                    "line \(number) of \(layer.sha256.hex), a part of a dataset's list of files, "
                        + "cannot be read: 'millrace verify --vault' says whether it is damaged",
                    retryable: false)
            }
            entries.updateValue(file, forKey: path)
        }
        return entries
    }

    private static let newline = UInt8(ascii: "\n")

    private static func line(_ path: WorkspacePath, _ file: DatasetFile?) -> JSONValue {
        guard let file else {
            return .object([.init("path", .string(path.description)), .init("removed", true)])
        }
        return .object([
            .init("path", .string(path.description)), .init("size", .integer(Int64(file.size))),
            .init("sha256", .string(file.sha256.hex)), .init("rows", .integer(Int64(file.rows))),
            .init("profile", .string(file.profile.hex)),
        ])
    }

    private static func path(_ line: JSONValue) -> WorkspacePath? {
        line["path"]?.stringValue.flatMap { WorkspacePath(escaped: $0) }
    }

    /// Nil for a line that is none; nil inside for a file that is gone.
    private static func file(_ line: JSONValue, at path: WorkspacePath) -> DatasetFile?? {
        if line["removed"]?.boolValue == true { return .some(nil) }
        guard let size = line["size"]?.integerValue.flatMap({ Int(exactly: $0) }), size >= 0,
            let rows = line["rows"]?.integerValue.flatMap({ Int(exactly: $0) }), rows >= 0,
            let sha256 = line["sha256"]?.stringValue.flatMap({ Digest(hex: $0) }),
            let profile = line["profile"]?.stringValue.flatMap({ Digest(hex: $0) })
        else { return nil }
        return .some(
            DatasetFile(path: path, size: size, sha256: sha256, rows: rows, profile: profile))
    }
}
