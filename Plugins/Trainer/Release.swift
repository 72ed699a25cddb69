import Millrace

/// The folder `models/MODEL/VERSION/`: all that a server or an auditor needs of a version, read-only.
///
///     model.json      the model (or model.ANYTHING of the user's program)
///     examples.json   held-out rows with its answers
///     manifest.json   the digest of each file, what the run was made from, what was measured
///     card.md         the same for a person
struct Release {
    let version: ModelVersionCreated
    let run: RunStarted
    let result: TrainJob.Output
    /// When the run began.
    let time: Timestamp

    init(
        _ version: ModelVersionCreated, _ run: RunStarted, _ result: TrainJob.Output,
        at time: Timestamp
    ) {
        self.version = version
        self.run = run
        self.result = result
        self.time = time
    }

    /// Writes the same bytes however often it is called.
    func write(_ context: Context) throws {
        let data = try version.inputs.manifest(from: context.files).sorted
        var files = [version.file: version.artifact]
        files["examples.json"] = version.examples
        files["card.md"] = try context.files.store(
            Array(
                ModelCard(version: version, data: data, run: run, result: result, time: time)
                    .text.utf8))
        files["manifest.json"] = try context.files.store(try manifest(files, data).bytes)
        for name in files.keys.sorted() {
            let text = "models/\(version.model)/\(version.version)/\(name)"
            guard let path = WorkspacePath(escaped: text), let digest = files[name] else {
                throw ReactionError("'\(text)' is no path in the workspace", retryable: false)
            }
            try context.outputs.place(digest, at: path)
        }
    }

    private func manifest(
        _ files: [String: Digest], _ data: [DatasetFile]
    ) throws -> JSONValue {
        [
            "format": "millrace-release", "version": 1,
            "model": .string(version.model),
            "modelVersion": .integer(Int64(version.version)),
            "run": .integer(Int64(version.run)),
            "created": .string(time.description),
            "artifact": .string(version.file),
            "files": .object(
                files.keys.sorted().map { name in
                    JSONValue.Member(name, .string(files[name]?.hex ?? ""))
                }),
            "rows": [
                "training": .integer(Int64(result.rows)),
                "heldOut": .integer(Int64(result.heldOut)),
            ],
            "metrics": .object(
                version.metrics.keys.sorted().map { name in
                    JSONValue.Member(name, version.metrics[name].map { .number($0) } ?? .null)
                }),
            "inputs": try JSONValue(encoding: version.inputs),
            "data": try JSONValue(encoding: data),
        ]
    }
}
