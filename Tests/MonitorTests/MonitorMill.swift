import Millrace
import MillraceTesting
import Tabular
import Testing

@testable import Monitor

/// A monitor with one pipeline, `delays`, over the dataset `flights`, and made-up drops for it.
struct MonitorMill {
    let mill: TestMill
    let settings: WorkspaceSettings
    private(set) var current: DatasetVersionCreated?

    init(
        plugins: [any Plugin.Type] = [MonitorPlugin.self], settings: JSONValue? = nil,
        datasets: [String: String] = ["delays": "flights"],
        _ change: (inout Pipeline) -> Void = { _ in }
    ) throws {
        var workspace = MonitorMill.settings(datasets, change)
        if let settings { workspace.plugins["monitor"] = settings }
        self.settings = workspace
        mill = try TestMill(plugins, settings: workspace)
    }

    init(on mill: TestMill, _ settings: WorkspaceSettings) {
        self.mill = mill
        self.settings = settings
    }

    static func settings(
        _ datasets: [String: String] = ["delays": "flights"],
        _ change: (inout Pipeline) -> Void = { _ in }
    ) -> WorkspaceSettings {
        var workspace = WorkspaceSettings()
        for (name, dataset) in datasets {
            var pipeline = Pipeline()
            pipeline.dataset = dataset
            pipeline.target.column = "late"
            pipeline.features = ["origin", "distance"]
            change(&pipeline)
            workspace.pipelines[name] = pipeline
        }
        return workspace
    }

    /// Rows of a fixed random sequence: three columns that a pipeline watches, one that it does not.
    static func table(
        _ count: Int, seed: UInt64, origins: [String] = ["EWR", "JFK", "LGA"],
        distance: ClosedRange<Double> = 100...900, late: Double = 0.2
    ) -> String {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random() -> Double {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state >> 11) / 0x1p53
        }
        var text = "origin,distance,late,note\n"
        for row in 0..<count {
            let origin = origins[min(Int(random() * Double(origins.count)), origins.count - 1)]
            let miles =
                distance.lowerBound
                + random() * (distance.upperBound - distance.lowerBound)
            let isLate = random() < late ? 1 : 0
            text += "\(origin),\(Int(miles)),\(isLate),\(seed * 1_000_000 + UInt64(row))\n"
        }
        return text
    }

    /// A file of a dataset version, with its profile in the vault.
    func file(_ name: String, _ table: String) throws -> DatasetFile {
        let bytes = Array(table.utf8)
        let checked = try validate(.bytes(bytes))
        return DatasetFile(
            path: try #require(WorkspacePath(escaped: "data/flights/\(name).csv")),
            size: bytes.count, sha256: try mill.world.files.store(bytes),
            rows: checked.report.rowCount,
            profile: try mill.world.files.store(checked.profile.json.bytes))
    }

    /// The next version of the dataset, with these files beside or in the place of those it has.
    @discardableResult
    mutating func add(_ files: DatasetFile..., dataset: String = "flights") async throws -> Event {
        let old = (current?.files.listed ?? []).filter { file in
            !files.contains { $0.path == file.path }
        }
        return try await version(old + files, added: files.map(\.path), dataset: dataset)
    }

    @discardableResult
    mutating func version(
        _ files: [DatasetFile], added: [WorkspacePath], dataset: String = "flights"
    ) async throws -> Event {
        let files = files.sorted { $0.path < $1.path }
        let next = DatasetVersionCreated(
            dataset: dataset, version: (current?.version ?? 0) + 1,
            digest: try mill.world.files.store(
                Array(files.map(\.sha256.hex).joined(separator: "\n").utf8)),
            listing: files, added: added)
        current = next
        return try await mill.emit(next)
    }

    /// A model that was trained on the current version.
    func train(_ model: String = "delays", version: Int = 1) async throws {
        let data = try #require(current)
        let artifact = try mill.world.files.store(Array("model \(version)".utf8))
        var target = Target()
        target.column = "late"
        try await mill.emit(
            ModelVersionCreated(
                model: model, version: version, run: version, artifact: artifact,
                inputs: RunInputs(
                    dataset: data.dataset, datasetVersion: data.version,
                    datasetDigest: data.digest, files: data.files, target: target,
                    features: ["origin", "distance"], algorithm: "logistic-regression",
                    parameters: [:], seed: 1, holdout: 0.2, command: [], code: [:],
                    environment: [:]),
                metrics: [:]))
    }

    func deploy(
        _ model: String = "delays", version: Int = 1, to stage: String = "production"
    )
        async throws
    {
        try await mill.emit(
            DeploymentCompleted(
                model: model, version: version,
                artifact: try mill.world.files.store(Array("model \(version)".utf8)),
                stage: stage, previous: nil, isRollback: false))
    }

    func drifts() throws -> [DriftMeasured] { try mill.emitted(DriftMeasured.self) }
    func requests() throws -> [TrainingRequested] { try mill.emitted(TrainingRequested.self) }
    func deferrals() throws -> [TrainingDeferred] { try mill.emitted(TrainingDeferred.self) }
}
