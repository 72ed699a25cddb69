import Glibc
import LinuxSystem
import Millrace

/// The parts that the story of the flights is told with.
enum Parts {
    static func digest(_ number: UInt64) -> Digest {
        // The first digits tell them apart.
        Digest(words: (number &* 0x0101_0101_0101_0101, number, number, number))
    }

    static func path(_ text: String) throws -> WorkspacePath {
        guard let path = WorkspacePath(escaped: text) else { throw BadPath(text: text) }
        return path
    }

    struct BadPath: Error {
        let text: String
    }

    static func arrival(_ text: String, _ number: UInt64) throws -> FileArrived {
        let path = try path(text)
        return FileArrived(
            change: .added, path: path, previousPath: nil, size: 640_000, sha256: digest(number),
            uid: 1000,
            identity: FileIdentity(
                device: 1, inode: number, modified: 0, changed: 0, gid: 100, mode: 0o644),
            area: Area(of: path))
    }

    static func file(_ text: String, _ number: UInt64) throws -> DatasetFile {
        DatasetFile(
            path: try path(text), size: 640_000, sha256: digest(number), rows: 7000,
            profile: digest(number + 50))
    }

    static func settings() -> WorkspaceSettings {
        var pipeline = Pipeline()
        pipeline.dataset = "flights"
        pipeline.target.column = "arr_delay"
        pipeline.target.above = 15
        pipeline.approval = ["production"]
        var settings = WorkspaceSettings()
        settings.pipelines["delays"] = pipeline
        return settings
    }

    static func inputs(version: Int, _ files: [DatasetFile]) -> RunInputs {
        RunInputs(
            dataset: "flights", datasetVersion: version, datasetDigest: digest(100),
            files: DatasetFiles(listing: files),
            target: settings().pipelines["delays"]?.target ?? Target(),
            features: ["origin"], algorithm: "logistic-regression", parameters: [:], seed: 1,
            holdout: 0.2, command: [], code: ["train.py": digest(9)], environment: [:])
    }
}

extension Story {
    static let validator = Actor.plugin("validator")
    static let trainer = Actor.plugin("trainer")
    static let deployer = Actor.plugin("deployer")
    static let monitor = Actor.plugin("monitor")

    /// The first month, up to a model in production.
    func tellFirstMonth() throws {
        try tell(
            DaemonStarted(program: "millrace 0.1.0", pid: 4711, host: "mill", afterCrash: false))
        try tell(SettingsAccepted(sha256: Parts.digest(1), settings: Parts.settings()))
        for plugin in ["deployer", "monitor", "trainer", "validator"] {
            try tell(PluginRegistered(plugin: plugin, from: 7))
        }
        try tell(Parts.arrival("code/delays/train.py", 9), by: .user(1000))
        let name = "data/flights/2013-01.csv"
        try tell(Parts.arrival(name, 2), as: "drop 1", by: .user(1000))
        try tell(
            ContractProposed(
                dataset: "flights", contract: Parts.digest(3), columns: 19, rules: 73,
                path: try Parts.path("contracts/flights.proposed.json"),
                basedOn: try Parts.path(name)),
            because: "drop 1", by: Story.validator)
        let file = try Parts.file(name, 2)
        try tell(
            DataAccepted(dataset: "flights", file: file, contract: Parts.digest(3), warnings: []),
            because: "drop 1", by: Story.validator)
        try tellVersion(1, files: [file], because: "drop 1", reason: "first model")
        try tellStage("staging", 1, because: "version 1")
        try tellStage("production", 1, because: "staging 1")
    }

    /// A dataset version, a run on it, and the model version that comes of it.
    func tellVersion(
        _ version: Int, files: [DatasetFile], because cause: String, reason: String
    ) throws {
        try tell(
            DatasetVersionCreated(
                dataset: "flights", version: version, digest: Parts.digest(100),
                listing: files, added: files.suffix(1).map(\.path)),
            as: "dataset \(version)", because: cause, by: Story.validator)
        try tell(
            TrainingRequested(
                pipeline: "delays", dataset: "flights", version: version, reasons: [reason]),
            as: "request \(version)", because: "dataset \(version)", by: Story.monitor)
        let inputs = Parts.inputs(version: version, files)
        try tell(
            RunStarted(pipeline: "delays", run: version, inputs: inputs, reasons: [reason]),
            as: "run \(version)", because: "request \(version)", by: Story.trainer)
        let metrics = ["auc": 0.67 + 0.01 * Double(version), "log_loss": 0.51]
        try tell(
            RunCompleted(
                pipeline: "delays", run: version, artifact: Parts.digest(20 + UInt64(version)),
                rows: 5600, metrics: metrics, seconds: 0.5),
            because: "run \(version)", by: Story.trainer)
        try tell(
            ModelVersionCreated(
                model: "delays", version: version, run: version,
                artifact: Parts.digest(20 + UInt64(version)), inputs: inputs, metrics: metrics),
            as: "version \(version)", because: "run \(version)", by: Story.trainer)
    }

    /// A version goes through the gates of a stage and into it.
    func tellStage(_ stage: String, _ version: Int, because cause: String) throws {
        let artifact = Parts.digest(20 + UInt64(version))
        try tell(
            GatesEvaluated(
                model: "delays", version: version, stage: stage, passed: true,
                results: [GateResult(gate: "auc >= 0.6", passed: true, found: "auc is 0.68")]),
            because: cause, by: Story.deployer)
        try tell(
            DeploymentPlanned(
                model: "delays", version: version, artifact: artifact, stage: stage,
                reason: "auc is 0.68", isRollback: false),
            as: "plan \(stage) \(version)", because: cause, by: Story.deployer)
        try tell(
            DeploymentCompleted(
                model: "delays", version: version, artifact: artifact, stage: stage,
                previous: version > 1 ? version - 1 : nil, isRollback: false),
            as: "\(stage) \(version)", because: "plan \(stage) \(version)", by: Story.deployer)
        try place(version, in: stage)
    }

    /// What a server finds.
    private func place(_ version: Int, in stage: String) throws {
        let release = root.appending("models/delays/\(version)")
        try Files.makeDirectories(release)
        try Files.replace(release.appending("model.json"), with: Array("{}".utf8), durable: false)
        let link = root.appending("deployments/\(stage)/delays")
        try Files.makeDirectories(link.parent)
        try? Files.unlink(link)
        _ = link.withCString { symlink("../../models/delays/\(version)", $0) }
    }

    /// A second month that is better and waits, a damaged file, and what went wrong besides.
    func tellTroubles() throws {
        let name = "data/flights/2013-02.csv"
        try tell(Parts.arrival(name, 4), as: "drop 2", by: .user(1000))
        let file = try Parts.file(name, 4)
        try tell(
            DataAccepted(dataset: "flights", file: file, contract: Parts.digest(3), warnings: []),
            because: "drop 2", by: Story.validator)
        let files = [try Parts.file("data/flights/2013-01.csv", 2), file]
        try tellVersion(2, files: files, because: "drop 2", reason: "7,000 new rows")
        try tell(
            ModelEvaluated(
                model: "delays", version: 2, rows: 2744, metrics: ["auc": 0.69], champion: 1,
                championMetrics: ["auc": 0.66],
                comparison: .init(metric: "auc", gain: 0.0301, lowerBound: 0.01)),
            because: "version 2", by: Story.deployer)
        try tellStage("staging", 2, because: "version 2")
        try tell(
            ApprovalRequested(model: "delays", version: 2, stage: "production"),
            because: "staging 2", by: Story.deployer)
        try tellDrift()
        try tellFailures()
    }

    private func tellDrift() throws {
        try tell(
            DriftMeasured(
                model: "delays", dataset: "flights", referenceVersion: 1, referenceRows: 7000,
                current: [try Parts.path("data/flights/2013-02.csv")], currentRows: 7000,
                drifted: true,
                columns: [
                    ColumnDrift(
                        column: "origin", statistic: "chi2", value: 10, pValue: 0.001,
                        effect: 0.2, threshold: 0.1, drifted: true, summary: "more JFK"),
                    ColumnDrift(
                        column: "hour", statistic: "KS", value: 0.01, pValue: 0.5, effect: 0.01,
                        threshold: 0.1, drifted: false, summary: "no change"),
                ]),
            because: "dataset 2", by: Story.monitor)
    }

    private func tellFailures() throws {
        let path = try Parts.path("data/flights/2013-03%0Abad.csv")
        try tell(
            Parts.arrival("data/flights/2013-03%0Abad.csv", 5), as: "drop 3", by: .user(1000))
        try tell(
            DataRejected(
                dataset: "flights", path: path, sha256: Parts.digest(5),
                summary: "arr_delay is no number in 12 rows: line 7", violations: [],
                contract: Parts.digest(3), quarantine: try Parts.path("quarantine/flights/38-bad")),
            because: "drop 3", by: Story.validator)
        try tell(
            ReactionFailed(
                plugin: "validator", sequence: 30, attempt: 2, error: "the disk said no",
                retryAt: Story.now), because: "drop 2")
        try tell(
            ReactionDeadLettered(
                plugin: "monitor", sequences: [31], attempts: 5,
                error: "no profile in the vault"), as: "dead", because: "drop 2")
        try tell(
            FileRefused(
                path: try Parts.path("data/flights/pipe"), reason: "it is a FIFO", size: 0,
                uid: 1000,
                identity: FileIdentity(
                    device: 1, inode: 77, modified: 0, changed: 0, gid: 100, mode: 0o644),
                area: Area(.dataset, "flights")), by: .user(1000))
        try tell(
            WatchDegraded(part: "data", reason: "no watches are left", intervalSeconds: 1))
        try tell(
            ReactionHandled(
                plugin: "validator", handled: [8], observed: 8, attempts: 1, milliseconds: 12.5),
            because: "drop 1")
    }
}
