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
        minimumRows: Int, from files: any FileStore
    ) throws {
        guard model.inputs.dataset == version.dataset else { return nil }
        let trained = try model.inputs.manifest(from: files)
        let known = Set(trained.files.values.map(\.sha256))
        let unseen = try version.manifest(from: files).sorted.filter {
            !known.contains($0.sha256)
        }
        let new = unseen.filter { added.contains($0.path) }
        guard !new.isEmpty else { return nil }
        func rows(_ files: [DatasetFile]) -> Int { files.reduce(0) { $0 + $1.rows } }
        let window = rows(new) >= minimumRows ? new : unseen
        guard rows(window) >= minimumRows, model.inputs.files.rows >= minimumRows else {
            return nil
        }
        self.model = model
        reference = trained.sorted
        current = window
    }

    /// The profile of the current window, with the watched columns alone.
    func currentProfile(
        of columns: Set<String>?, from files: any FileStore
    ) throws -> Profile {
        try DriftWindows.merged(current, of: columns, from: files)
    }

    /// The profile of the reference window with the watched columns alone, and where the vault has
    /// it with all columns. It is merged once for a model in production: from that of the model before
    /// and the files that came since, or from all files.
    func referenceProfile(
        of columns: Set<String>?, known: KnownReference?, from files: any FileStore
    ) throws -> (profile: Profile, digest: Digest) {
        let known = known.flatMap { files.contains($0.profile) ? $0 : nil }
        if let known, known.dataset == model.inputs.datasetDigest {
            return (try known.read(of: columns, from: files), known.profile)
        }
        let count = known?.beginning(of: reference, from: files) ?? 0
        let beginning = count > 0 ? try known?.read(of: nil, from: files) : nil
        let all = try DriftWindows.merged(
            reference[(beginning == nil ? 0 : count)...], after: beginning, of: nil, from: files
        ).json
        let digest = try files.store(all.bytes)
        return (try Profile(json: columns.map { all.keeping($0) } ?? all), digest)
    }

    private static func merged(
        _ window: some Sequence<DatasetFile>, after beginning: Profile? = nil,
        of columns: Set<String>?, from files: any FileStore
    ) throws -> Profile {
        var sum = beginning
        for file in window {
            let profile = try DriftWindows.profile(
                file.profile, of: columns, about: "\(file.path)", from: files)
            sum = sum?.merging(profile) ?? profile
        }
        return sum ?? Profile(rowCount: 0, columns: [])
    }

    /// Ten thousand columns at their largest.
    private static let profileLimit = 512 << 20

    fileprivate static func profile(
        _ digest: Digest, of columns: Set<String>?, about name: String,
        from files: any FileStore
    ) throws -> Profile {
        do {
            let bytes = try files.bytes(of: digest, limit: profileLimit)
            let json = try JSONValue(
                parsing: bytes, limits: JSONLimits(byteCount: profileLimit, depth: 16))
            return try Profile(json: columns.map { json.keeping($0) } ?? json)
        } catch {
            throw ReactionError("the profile of \(name) cannot be read: \(error)")
        }
    }
}

/// A reference window's profile that was merged before, for this model or an earlier one.
struct KnownReference {
    /// The digest of the dataset version.
    let dataset: Digest
    /// Where it lies.
    let profile: Digest
    /// A version that was trained on those files; nil when it is not remembered.
    private let version: ModelVersionCreated?

    init(_ reference: DriftMeasured.Reference, of model: ModelRegistry.Model) {
        dataset = reference.dataset
        profile = reference.profile
        version =
            model.versions.values.first {
                $0.created?.inputs.datasetDigest == reference.dataset
            }?.created
    }

    func read(of columns: Set<String>?, from files: any FileStore) throws -> Profile {
        try DriftWindows.profile(profile, of: columns, about: "the reference", from: files)
    }

    /// How many files at the beginning of a window it is made from; 0 when the window begins otherwise.
    /// Profiles are merged in order, so that it comes to the same bytes as merging all of them.
    func beginning(of window: [DatasetFile], from files: any FileStore) -> Int {
        guard let mine = try? version?.inputs.manifest(from: files).sorted,
            mine.count <= window.count,
            zip(mine, window).allSatisfy({ $0.path == $1.path && $0.profile == $1.profile })
        else { return 0 }
        return mine.count
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
