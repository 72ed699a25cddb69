import Checksums
import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization

/// A workspace with a past: the journal that a daemon would have written in a year of drops, of any
/// length, the same for the same seed. Each of its datasets has files that are replaced one after the
/// other; now and then a drop is refused, drifts, or asks for training, and what is trained goes
/// through the gates. Everything is handled, and the files lie where the journal says, so a daemon
/// that starts on it has nothing to do.
struct SimulatedHistory {
    let root: FilePath
    let events: Int
    let seed: UInt64
    /// How many datasets, each with a pipeline, and how many files each has.
    static let datasets = 20
    static let files = 50

    private let writer: JournalWriter
    private let store = RememberedFiles()
    private let clock: VirtualClock
    private var random: Seeded
    private var next: UInt64 = 1
    private var state: [DatasetState] = []

    private struct DatasetState {
        let name: String
        var manifest = DatasetManifest()
        var version: DatasetVersionCreated?
        var runs = 0
        var live: Int?
        var contract = Digest(words: (0, 0, 0, 0))
        var lastRequest = 0
    }

    init(root: FilePath, events: Int, seed: UInt64) throws {
        (self.root, self.events, self.seed) = (root, events, seed)
        random = Seeded(state: seed)
        let journal = root.appending(".millrace").appending("journal")
        try Files.makeDirectories(journal, mode: 0o700)
        let clock = VirtualClock()
        self.clock = clock
        var configuration = JournalConfiguration()
        configuration.clock = { clock.now }
        configuration.quietMilliseconds = nil
        configuration.storage = UnsyncedStorage()
        writer = try JournalWriter(directory: journal, configuration: configuration)
        guard writer.head.sequence == 0 else {
            throw ReactionError("\(root) has a journal already")
        }
    }

    /// Writes it all. - Returns: how many events there are.
    mutating func write() throws -> UInt64 {
        try begin()
        var drop = 0
        while next < UInt64(max(events, 1)) {
            // A year, whatever the number of drops.
            clock.advance(by: Int64(365 * 86_400 / (Double(events) / 8.2) * 1_000_000))
            try take(drop: drop)
            drop += 1
        }
        try emit([(DaemonStopped(reason: "SIGTERM"), nil)])
        try writer.close()
        try store.keep(in: root.appending(".millrace").appending("vault"))
        return next - 1
    }

    private mutating func begin() throws {
        var settings = WorkspaceSettings()
        for number in 0..<SimulatedHistory.datasets {
            var pipeline = Pipeline()
            pipeline.dataset = "flights-\(number)"
            pipeline.target.column = "delay"
            pipeline.target.above = 15
            settings.pipelines["delays-\(number)"] = pipeline
            state.append(DatasetState(name: "flights-\(number)"))
        }
        let bytes = Array((try JSONValue(encoding: settings).pretty() + "\n").utf8)
        try Files.replace(root.appending("millrace.json"), with: bytes)
        let digest = Digest(words: SHA256.hash(bytes).words)
        try emit([
            (
                DaemonStarted(
                    program: "millrace 0.1.0", pid: 4711, host: "mill", afterCrash: false), nil
            ), (SettingsAccepted(sha256: digest, settings: settings), nil),
        ])
        for plugin in ["deployer", "monitor", "trainer", "validator", "workspace"] {
            try emit([(PluginRegistered(plugin: plugin, from: 8), nil)])
        }
        let arrived = try arrival("millrace.json", digest, FileArrived.Change.added)
        let event = try emit([(arrived, nil)])[0]
        try handle(event, by: "workspace", [])
        for index in state.indices {
            let dataset = state[index].name
            for slot in 0..<SimulatedHistory.files {
                let path = root.appending("data").appending(dataset).appending("\(slot).csv")
                try Files.makeDirectories(path.parent)
                try Files.replace(path, with: Array("delay\n\(slot)\n".utf8), durable: false)
            }
        }
    }

    private func arrival(
        _ text: String, _ digest: Digest, _ change: FileArrived.Change
    ) throws -> FileArrived {
        guard let path = WorkspacePath(escaped: text),
            let status = try FileStatus.of(root.appending(text))
        else { throw ReactionError("\(text) is not there") }
        return FileArrived(
            change: change, path: path, previousPath: nil, size: status.size, sha256: digest,
            uid: getuid(),
            identity: FileIdentity(
                device: status.device, inode: status.inode, modified: status.modified,
                changed: status.changed, gid: status.group, mode: status.mode),
            area: Area(of: path))
    }

    // MARK: what happens

    private mutating func take(drop number: Int) throws {
        let index = number % state.count
        let dataset = state[index].name
        let slot = number / state.count % SimulatedHistory.files
        let bytes = digest()
        let drop = try emit([
            (
                try arrival(
                    "data/\(dataset)/\(slot).csv", bytes,
                    number / state.count < SimulatedHistory.files ? .added : .changed), nil
            )
        ])[0]
        guard let path = WorkspacePath(escaped: "data/\(dataset)/\(slot).csv") else { return }
        if number >= state.count, number % 41 == 7 {
            let rejected = DataRejected(
                dataset: dataset, path: path, sha256: bytes,
                summary: "delay is no number in 12 rows: line 7", violations: [],
                contract: state[index].contract,
                quarantine: path)
            try handle(drop, by: "validator", [rejected])
            return
        }
        var facts: [any EventPayload] = []
        if state[index].version == nil {
            state[index].contract = digest()
            facts.append(
                ContractProposed(
                    dataset: dataset, contract: state[index].contract, columns: 19, rules: 73,
                    path: path, basedOn: path))
        }
        let file = DatasetFile(
            path: path, size: 20, sha256: bytes, rows: 7000 + slot, profile: digest())
        facts.append(
            DataAccepted(
                dataset: dataset, file: file, contract: state[index].contract, warnings: []))
        let version = try newVersion(file, of: index)
        facts.append(version)
        let created = try handle(drop, by: "validator", facts)
        guard let event = created.last(where: { $0.type == DatasetVersionCreated.type }) else {
            return
        }
        try monitor(event, version, index, drop: number)
    }

    private mutating func newVersion(
        _ file: DatasetFile, of index: Int
    ) throws -> DatasetVersionCreated {
        let before = state[index].manifest
        state[index].manifest.put(file)
        let manifest = state[index].manifest
        let changes = manifest.changes(since: before)
        let version = DatasetVersionCreated(
            dataset: state[index].name, version: (state[index].version?.version ?? 0) + 1,
            digest: manifest.digest,
            files: try manifest.write(changes, after: state[index].version?.files, to: store),
            changes: changes)
        state[index].version = version
        return version
    }

    private mutating func monitor(
        _ event: Event, _ version: DatasetVersionCreated, _ index: Int, drop: Int
    ) throws {
        let model = "delays-\(index)"
        var facts: [any EventPayload] = []
        if state[index].live != nil {
            let columns = (0..<5).map { column in
                ColumnDrift(
                    column: "column-\(column)", statistic: "KS", value: 0.01, pValue: 0.5,
                    effect: 0.01, threshold: 0.1, drifted: false, summary: "no change")
            }
            facts.append(
                DriftMeasured(
                    model: model, dataset: version.dataset, referenceVersion: version.version,
                    referenceRows: version.rows, current: version.added, currentRows: 7000,
                    drifted: false, columns: columns))
        }
        state[index].lastRequest += 1
        let asks = state[index].live == nil || state[index].lastRequest >= 40
        if asks {
            state[index].lastRequest = 0
            facts.append(
                TrainingRequested(
                    pipeline: model, dataset: version.dataset, version: version.version,
                    reasons: ["7,001 new rows"]))
        } else {
            facts.append(
                TrainingDeferred(
                    pipeline: model, reason: "7,001 new rows of the 300,000 that ask for training"))
        }
        let emitted = try handle(event, by: "monitor", facts)
        guard asks, let request = emitted.last(where: { $0.type == TrainingRequested.type })
        else { return }
        try train(request, version, index, model)
    }

    private mutating func train(
        _ request: Event, _ version: DatasetVersionCreated, _ index: Int, _ model: String
    ) throws {
        state[index].runs += 1
        let number = state[index].runs
        store.mark(version.files)
        var target = Target()
        target.column = "delay"
        target.above = 15
        let inputs = RunInputs(
            dataset: version.dataset, datasetVersion: version.version,
            datasetDigest: version.digest, files: version.files, target: target, features: [],
            algorithm: "logistic-regression", parameters: ["l2": 1, "iterations": 100], seed: 1,
            holdout: 0.2, command: [], code: [:],
            environment: ["platform": "linux-x86_64", "program": "millrace 0.1.0"])
        let started = RunStarted(
            pipeline: model, run: number, inputs: inputs, reasons: ["7,001 new rows"])
        guard let run = try handle(request, by: "trainer", [started]).first else { return }
        let artifact = digest()
        let metrics = ["auc": 0.7 + Double(number % 50) / 1000, "log_loss": 0.51]
        let made = try handle(
            run, by: "trainer",
            [
                RunCompleted(
                    pipeline: model, run: number, artifact: artifact, rows: 5600,
                    metrics: metrics, seconds: 0.5),
                ModelVersionCreated(
                    model: model, version: number, run: number, artifact: artifact,
                    inputs: inputs, metrics: metrics),
            ])
        guard var event = made.last(where: { $0.type == ModelVersionCreated.type }) else { return }
        let previous = state[index].live
        for stage in ["staging", "production"] {
            var facts: [any EventPayload] = [
                GatesEvaluated(
                    model: model, version: number, stage: stage, passed: true,
                    results: [
                        GateResult(gate: "auc >= 0.6", passed: true, found: "auc is 0.71")
                    ]),
                DeploymentPlanned(
                    model: model, version: number, artifact: artifact, stage: stage,
                    reason: "auc is 0.71", isRollback: false),
            ]
            if stage == "staging" {
                facts.insert(
                    ModelEvaluated(
                        model: model, version: number, rows: 1400, metrics: metrics,
                        champion: previous, championMetrics: metrics, comparison: nil), at: 0)
            }
            let planned = try handle(event, by: "deployer", facts)
            guard let plan = planned.last(where: { $0.type == DeploymentPlanned.type }),
                let completed = try handle(
                    plan, by: "deployer",
                    [
                        DeploymentCompleted(
                            model: model, version: number, artifact: artifact, stage: stage,
                            previous: previous, isRollback: false)
                    ]
                ).first,
                let checked = try handle(
                    completed, by: "deployer",
                    [
                        StageChecked(
                            model: model, version: number, stage: stage, passed: true,
                            checks: ["it loads", "20 answers are the same"])
                    ]
                ).first
            else { return }
            event = checked
        }
        try handle(event, by: "deployer", [])
        state[index].live = number
    }

    // MARK: writing

    /// A reaction's batch.
    @discardableResult
    private mutating func handle(
        _ event: Event, by plugin: String, _ facts: [any EventPayload]
    ) throws -> [Event] {
        let mark = ReactionHandled(
            plugin: plugin, handled: [event.sequence], observed: next - 1, attempts: 1,
            milliseconds: Double(Int.random(in: 100...9000, using: &random)) / 1000)
        return try emit(
            (facts + [mark]).map { ($0, event) }, actor: .plugin(plugin))
    }

    @discardableResult
    private mutating func emit(
        _ facts: [(any EventPayload, Event?)], actor: Actor = .system
    ) throws -> [Event] {
        func draft<P: EventPayload>(_ payload: P, _ cause: Event?) throws -> EventDraft {
            let id = EventID(high: random.next(), low: random.next())
            let outside = payload is FileArrived ? Actor.user(getuid()) : actor
            return try EventDraft(
                payload, id: id, actor: outside, causation: cause?.id,
                correlation: cause?.correlation)
        }
        let events = try writer.appendBlocking(
            facts.map { payload, cause in try draft(payload, cause) })
        next += UInt64(events.count)
        return events
    }

    private mutating func digest() -> Digest {
        Digest(words: (random.next(), random.next(), random.next(), random.next()))
    }
}

/// Numbers that look like chance, the same in every run (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Time that passes when it is told to.
private final class VirtualClock: Sendable {
    private let time = Mutex(Timestamp(parsing: "2025-01-01")?.microseconds ?? 0)

    var now: Timestamp { Timestamp(microseconds: time.withLock { $0 }) }

    func advance(by microseconds: Int64) { time.withLock { $0 += microseconds } }
}
