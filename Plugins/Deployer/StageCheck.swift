import Learning
import Millrace

/// Where the release of a version lies.
struct Release {
    let folder: WorkspacePath

    /// - Throws: for a model whose name cannot be part of a path.
    init(_ model: String, _ version: Int) throws {
        folder = try Release.path("models/\(model)/\(version)")
    }

    /// The link that a server follows.
    static func link(_ model: String, in stage: String) throws -> WorkspacePath {
        try path("deployments/\(stage)/\(model)")
    }

    static func path(_ text: String) throws -> WorkspacePath {
        guard let path = WorkspacePath(escaped: text) else {
            throw ReactionError("'\(text)' is no path in the workspace", retryable: false)
        }
        return path
    }
}

/// Loads a deployed version from where a server finds it, and asks it to predict.
struct StageCheck {
    let files: any FileStore
    let outputs: any OutputFolders
    let tolerance: Double

    /// A model beyond this is not taken into memory to be compared.
    private static let sizeLimit = 1 << 30

    /// - Returns: whether all is well, and what was found, each in a few words.
    func run(
        _ version: ModelVersionCreated, in stage: String
    ) throws -> (passed: Bool, findings: [String]) {
        let link = try Release.link(version.model, in: stage)
        let release = try Release(version.model, version.version)
        var findings: [String] = []
        do {
            guard try outputs.target(of: link) == release.folder else {
                return (false, ["\(link) does not lead to \(release.folder)"])
            }
            findings.append("\(link) leads to \(release.folder)")
            let model = try sameBytes(link, version.file, version.artifact)
            findings.append("\(version.file) has the digest \(version.artifact.short)")
            guard version.file == "model.json" else {
                findings.append("its answers are not checked: only its own program can run it")
                return (true, findings)
            }
            let loaded = try Model(bytes: model)
            guard let digest = version.examples else {
                findings.append("it can be loaded; no rows were held out to check its answers")
                return (true, findings)
            }
            let examples = try SupervisedExamples(
                bytes: try sameBytes(link, SupervisedExamples.fileName, digest))
            let problem = try examples.difference(from: loaded, tolerance: tolerance)
            findings.append(
                problem ?? "it answers \(examples.rows.count) held-out rows as after training")
            return (problem == nil, findings)
        } catch {
            return (false, findings + ["\(error)"])
        }
    }

    /// Reads a file through the link and compares it with what the vault keeps.
    private func sameBytes(
        _ link: WorkspacePath, _ name: String, _ digest: Digest
    ) throws -> [UInt8] {
        let path = try Release.path("\(link)/\(name)")
        let bytes = try outputs.read(path, limit: StageCheck.sizeLimit)
        guard bytes == (try files.bytes(of: digest, limit: StageCheck.sizeLimit)) else {
            throw ReactionError("\(path) was changed: it has not the digest \(digest.short)")
        }
        return bytes
    }
}
