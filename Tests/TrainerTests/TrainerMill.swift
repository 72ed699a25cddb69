import Millrace
import MillraceTesting
import Trainer

/// The trainer alone on a mill, with a dataset of one or more files.
struct TrainerMill {
    let mill: TestMill
    var files: [DatasetFile] = []
    var version = 0

    static func settings(_ change: (inout Pipeline) -> Void = { _ in }) -> WorkspaceSettings {
        var pipeline = Pipeline()
        pipeline.dataset = "flights"
        pipeline.target.column = "delay"
        pipeline.target.above = 15
        change(&pipeline)
        var settings = WorkspaceSettings()
        settings.pipelines["delays"] = pipeline
        return settings
    }

    init(on mill: TestMill) { self.mill = mill }

    init(
        _ settings: WorkspaceSettings = settings(), past: [Event] = [], world: MemoryWorld? = nil
    ) throws {
        mill = try TestMill([TrainerPlugin.self], settings: settings, past: past, world: world)
    }

    /// Adds a file to the dataset, as the validator would.
    mutating func add(_ text: String, name: String = "", rows: Int = 200) async throws {
        let name = name.isEmpty ? "\(version + 1).csv" : name
        guard let path = WorkspacePath(escaped: "data/flights/\(name)") else { return }
        let digest = try mill.world.files.store(Array(text.utf8))
        files.append(
            DatasetFile(
                path: path, size: text.utf8.count, sha256: digest, rows: rows, profile: digest))
        version += 1
        try await mill.emit(
            DatasetVersionCreated(
                dataset: "flights", version: version, digest: digest,
                listing: files, added: [path]))
    }

    func request(_ reason: String = "a test", version: Int? = nil) async throws {
        try await mill.emit(
            TrainingRequested(
                pipeline: "delays", dataset: "flights", version: version ?? self.version,
                reasons: [reason]))
    }

    func text(_ path: String) -> String? {
        mill.world.written[path].map { String(decoding: $0, as: UTF8.self) }
    }

    /// `hour` decides, `carrier` helps, and a tenth of the delays are unknown.
    static func csv(rows: Int = 200, seed: UInt64 = 1) -> String {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ count: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state >> 33) % count
        }
        var text = "hour,carrier,delay\n"
        for _ in 0..<rows {
            let hour = next(24)
            let carrier = ["UA", "B6"][next(2)]
            let delay = hour + (carrier == "B6" ? 5 : 0) + next(10) - 5
            text += "\(hour),\(carrier),\(next(10) == 0 ? "NA" : "\(delay)")\n"
        }
        return text
    }
}
