public import Millrace

extension TestMill {
    /// Says that a drop was accepted, as the validator would; for plugins that come after it.
    @discardableResult
    public func accept(_ path: String, rows: Int) async throws -> Event {
        guard let path = WorkspacePath(escaped: path), path.components.count > 2 else {
            throw ReactionError("\(path) is no drop: use data/DATASET/FILE")
        }
        let bytes = Array("\(path)".utf8)
        let digest = try world.files.store(bytes)
        return try await emit(
            DataAccepted(
                dataset: path.components[1],
                file: DatasetFile(
                    path: path, size: bytes.count, sha256: digest, rows: rows, profile: digest),
                contract: digest, warnings: []))
    }
}
