import Millrace
import Tabular

/// What is compared with what: the files that the model in production was trained on, and the files
/// that came since.
struct DriftWindows {
    let model: ModelVersionCreated
    let reference: [DatasetFile]
    let current: [DatasetFile]

    /// Nil when nothing has come that the model has not seen, or too little to tell.
    ///
    /// The current window is what was just added. When that has too few rows, everything that the
    /// model has not seen is taken, so that many small drops are compared as soon as they suffice
    /// together.
    init?(
        _ model: ModelVersionCreated, added: Set<WorkspacePath>, in version: DatasetVersionCreated,
        minimumRows: Int
    ) {
        guard model.inputs.dataset == version.dataset else { return nil }
        let known = Set(model.inputs.files.map(\.sha256))
        let unseen = version.files.filter { !known.contains($0.sha256) }
        let new = unseen.filter { added.contains($0.path) }
        guard !new.isEmpty else { return nil }
        func rows(_ files: [DatasetFile]) -> Int { files.reduce(0) { $0 + $1.rows } }
        let window = rows(new) >= minimumRows ? new : unseen
        guard rows(window) >= minimumRows, rows(model.inputs.files) >= minimumRows else {
            return nil
        }
        self.model = model
        reference = model.inputs.files
        current = window
    }

    /// The profiles of both windows, with the watched columns alone.
    func profiles(
        of columns: Set<String>?, from files: any FileStore
    ) throws -> (reference: Profile, current: Profile) {
        func merged(_ window: [DatasetFile]) throws -> Profile {
            var sum: Profile?
            for file in window {
                let profile = try DriftWindows.profile(file, of: columns, from: files)
                sum = sum?.merging(profile) ?? profile
            }
            return sum ?? Profile(rowCount: 0, columns: [])
        }
        return (try merged(reference), try merged(current))
    }

    /// Ten thousand columns at their largest.
    private static let profileLimit = 512 << 20

    private static func profile(
        _ file: DatasetFile, of columns: Set<String>?, from files: any FileStore
    ) throws -> Profile {
        do {
            let bytes = try files.bytes(of: file.profile, limit: profileLimit)
            let json = try JSONValue(
                parsing: bytes, limits: JSONLimits(byteCount: profileLimit, depth: 16))
            return try Profile(json: columns.map { json.keeping($0) } ?? json)
        } catch {
            throw ReactionError("the profile of \(file.path) cannot be read: \(error)")
        }
    }
}

extension JSONValue {
    /// A saved profile with these columns alone: the others need not be decoded.
    fileprivate func keeping(_ columns: Set<String>) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(
            members.map { member in
                guard member.key == "columns", let all = member.value.arrayValue else {
                    return member
                }
                return Member(
                    "columns",
                    .array(all.filter { columns.contains($0["name"]?.stringValue ?? "") }))
            })
    }
}
