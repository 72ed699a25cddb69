import Deployer
import Millrace
import MillraceTesting
import Trainer

/// A pipeline on a mill: data of a known difficulty goes in, and what became of its models comes out.
struct DelaysMill {
    let mill: TestMill
    var files: [DatasetFile] = []
    var version = 0

    static func settings(_ change: (inout Pipeline) -> Void = { _ in }) -> WorkspaceSettings {
        var pipeline = Pipeline()
        pipeline.dataset = "flights"
        pipeline.target.column = "delay"
        pipeline.target.above = 15
        pipeline.features = ["distance", "hour", "carrier"]
        var gate = Gate()
        gate.metric = "auc"
        gate.atLeast = 0.6
        pipeline.gates = [gate]
        change(&pipeline)
        var settings = WorkspaceSettings()
        settings.pipelines["delays"] = pipeline
        return settings
    }

    init(
        _ settings: WorkspaceSettings = settings(), past: [Event] = [], world: MemoryWorld? = nil
    )
        throws
    {
        mill = try TestMill(
            [TrainerPlugin.self, DeployerPlugin.self], settings: settings, past: past,
            world: world)
    }

    init(on mill: TestMill) { self.mill = mill }

    /// The same after a restart: with other settings, or with only the first events.
    func restarted(
        _ settings: WorkspaceSettings = settings(), keeping count: Int = .max,
        world: MemoryWorld? = nil
    ) throws -> DelaysMill {
        var again = try DelaysMill(
            settings, past: Array(mill.log.events.prefix(count)), world: world ?? mill.world)
        again.files = files
        again.version = version
        return again
    }

    /// How many events there were when the first of a type (and a version) had been handled.
    func count<P: EventPayload>(before _: P.Type, where matches: (P) -> Bool) -> Int {
        mill.log.events.firstIndex { event in event.payload(as: P.self).map(matches) ?? false }
            .map { $0 } ?? mill.log.events.count
    }

    /// Adds a file to the dataset and asks for training.
    ///
    /// - Parameter noise: 0 for data that can be learned perfectly; from about 100 on nothing can.
    mutating func train(rows: Int = 600, noise: Double, seed: UInt64 = 1) async throws {
        let text = DelaysMill.csv(rows: rows, noise: noise, seed: seed)
        let digest = try mill.world.files.store(Array(text.utf8))
        guard let path = WorkspacePath(escaped: "data/flights/\(version + 1).csv") else { return }
        files.append(
            DatasetFile(
                path: path, size: text.utf8.count, sha256: digest, rows: rows, profile: digest))
        version += 1
        try await mill.emit(
            DatasetVersionCreated(
                dataset: "flights", version: version, digest: digest,
                listing: files, added: [path]))
        try await request()
    }

    func request() async throws {
        try await mill.emit(
            TrainingRequested(
                pipeline: "delays", dataset: "flights", version: version, reasons: ["a test"]))
    }

    func command(_ name: String, _ arguments: [String: JSONValue] = [:]) async throws {
        try await mill.emit(
            CommandReceived(
                command: name, about: "model/delays", arguments: arguments, uid: 1000),
            actor: .user(1000))
    }

    /// Where a stage's link leads.
    func live(in stage: String) -> String? {
        mill.world.written["deployments/\(stage)/delays"].map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    static func csv(rows: Int, noise: Double, seed: UInt64) -> String {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next() -> Double {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state >> 11) * 0x1p-53
        }
        var text = "distance,hour,carrier,delay\n"
        for _ in 0..<rows {
            let distance = (next() * 2000).rounded()
            let hour = Int(next() * 24)
            let late = ["UA", "B6", "AA"][Int(next() * 3)]
            let delay =
                Double(hour) * 2 + (late == "B6" ? 20 : 0) - distance / 100
                + (next() - 0.5) * noise
            text += "\(Int(distance)),\(hour),\(late),\(delay.rounded())\n"
        }
        return text
    }
}
