import Checksums
import Daemon
import Glibc
import LinuxSystem
import Millrace
import Synchronization
import Testing

extension EndToEnd {
    /// A daemon that is killed again and again, while drops keep coming.
    @Suite struct KillLoopTests {
        private static let rounds = 15
        private static let seed: UInt64 = 20_130_101

        @Test func `kills at any moment lose nothing and do nothing twice`() async throws {
            print("the kill loop's seed is \(KillLoopTests.seed)")
            try await Workspace.use { mill in
                try prepare(mill)
                var random = Seeded(seed: KillLoopTests.seed)
                let dropper = try Dropper(mill.root, seed: random.next())
                defer { dropper.stop() }
                for round in 0..<KillLoopTests.rounds {
                    mill.daemon = try mill.spawn([], environment: Workspace.shellEnvironment)
                    if round % 4 == 3 {
                        // In the middle of its start.
                        letPass(0...150_000, &random)
                    } else {
                        let count = Int.random(in: 1...40, using: &random)
                        try mill.waitForEvents(count, milliseconds: 800)
                        letPass(0...10_000, &random)
                    }
                    try mill.kill()
                }
                let dropped = dropper.stop()
                // Some drops are bad on purpose, so the answer is a no, unless those came earlier.
                let last = try mill.run(["run", "--once"])
                try #require(last.code == 0 || last.code == 1, "\(last)")
                try everythingOnce(mill, dropped)
            }
        }

        private func prepare(_ mill: Workspace) throws {
            let settings = """
                { pipelines: { line: {
                    dataset: "points", target: { column: "y" }, features: ["x"],
                    trainer: { algorithm: "linear-regression" },
                    stages: ["production"], retrain: { newRows: 300, onDrift: false },
                } } }
                """
            let contract = """
                {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "points",
                 "version": "1.0.0", "schema": [{"name": "points", "properties": [
                   {"name": "x", "logicalType": "integer", "required": true},
                   {"name": "y", "logicalType": "integer", "required": true}]}]}
                """
            try mill.write(Array(settings.utf8), to: mill.layout.settings)
            try mill.drop(contract, at: "contracts/points.json")
            try #require(try mill.run(["run", "--once"]).code == 0)
        }

        private func everythingOnce(_ mill: Workspace, _ dropped: [WorkspacePath: Drop]) throws {
            let arrived = try mill.facts(FileArrived.self).map(\.payload).filter {
                $0.area.kind == .dataset
            }
            let versions = arrived.map { "\($0.path) \($0.sha256)" }
            #expect(Set(versions).count == versions.count, "a version is journaled twice")
            // A sixth of them are new versions of one file.
            #expect(dropped.count >= Dropper.least * 5 / 6 - 1)
            for (path, drop) in dropped {
                #expect(
                    versions.count { $0 == "\(path) \(drop.digest)" } == 1,
                    "\(path) stayed and is not journaled")
            }
            try everyDropDecidedOnce(mill, arrived, dropped)
            #expect(try mill.handledTwice() == [])
            #expect(try mill.facts(ReactionDeadLettered.self).isEmpty)
            #expect(try mill.facts(RunStarted.self).isEmpty == false)
            #expect(try mill.notExactlyOnce(RunStarted.self, RunCompleted.self) == [])
            #expect(try mill.notExactlyOnce(RunStarted.self, ModelVersionCreated.self) == [])
            #expect(
                try mill.notExactlyOnce(DeploymentPlanned.self, DeploymentCompleted.self) == [])
            let models = try mill.facts(ModelVersionCreated.self).map(\.payload.version)
            #expect(models == Array(1...max(models.count, 1)))
            let starts = try mill.facts(DaemonStarted.self)
            #expect(starts.count { $0.payload.afterCrash } > KillLoopTests.rounds / 2)
            #expect(try mill.run(["verify", "--vault"]).code == 0)
            #expect(mill.jobFolders.isEmpty)
        }

        private func everyDropDecidedOnce(
            _ mill: Workspace, _ arrived: [FileArrived], _ dropped: [WorkspacePath: Drop]
        ) throws {
            let accepted = try mill.facts(DataAccepted.self).map {
                "\($0.payload.file.path) \($0.payload.file.sha256)"
            }
            let rejected = try mill.facts(DataRejected.self).map {
                "\($0.payload.path) \($0.payload.sha256)"
            }
            #expect(Set(accepted).count == accepted.count, "a drop is accepted twice")
            #expect(Set(rejected).count == rejected.count, "a drop is rejected twice")
            #expect(
                (accepted + rejected).sorted() == arrived.map { "\($0.path) \($0.sha256)" }.sorted()
            )
            let last = try #require(try mill.facts(DatasetVersionCreated.self).last?.payload)
            let files = try last.manifest(from: try mill.vault).sorted
            let inDataset = files.map { "\($0.path) \($0.sha256)" }.sorted()
            let good = dropped.filter(\.value.isGood).map { "\($0.key) \($0.value.digest)" }
            #expect(inDataset == good.sorted())
            #expect(last.rows == good.count * Dropper.rows)
        }
    }
}

/// The last version of a file that was dropped.
struct Drop: Sendable {
    let digest: Digest
    let isGood: Bool
}

/// Drops files from a thread of its own until it is stopped, or has dropped enough.
private final class Dropper: Sendable {
    static let rows = 10
    private static let limit = 120
    /// However fast the machine is, so many are dropped: the rest without pauses, at the end.
    static let least = 45

    private struct State {
        var dropped: [WorkspacePath: Drop] = [:]
        var mustStop = false
        var isOver = false
    }

    private let root: FilePath
    private let state = Mutex(State())

    init(_ root: FilePath, seed: UInt64) throws {
        self.root = root
        try BlockingThread.start { self.work(seed) }
    }

    /// - Returns: what stayed.
    @discardableResult
    func stop() -> [WorkspacePath: Drop] {
        state.withLock { $0.mustStop = true }
        while !state.withLock({ $0.isOver }) {
            usleep(1000)
        }
        return state.withLock { $0.dropped }
    }

    private func work(_ seed: UInt64) {
        var random = Seeded(seed: seed)
        for index in 0..<Dropper.limit {
            let mustStop = state.withLock { $0.mustStop }
            if mustStop, index >= Dropper.least { break }
            do { try drop(index, &random) } catch { break }
            if !mustStop { letPass(2000...100_000, &random) }
        }
        state.withLock { $0.isOver = true }
    }

    /// New files, in new folders too, and new versions of old ones; now and then a bad one.
    private func drop(_ index: Int, _ random: inout Seeded) throws {
        let isGood = index % 10 != 7
        var name = isGood ? "data/points/\(index).csv" : "data/points/bad-\(index).csv"
        if isGood, index % 5 == 3 { name = "data/points/\(index)-\(index % 3)/new/\(index).csv" }
        if isGood, index % 6 == 5 { name = "data/points/0.csv" }
        var text = "x,y\n"
        for row in 0..<Dropper.rows {
            let x = Int.random(in: 0...1_000_000, using: &random)
            text += isGood || row > 0 ? "\(x),\(2 * x + index)\n" : "\(x),none at all\n"
        }
        let bytes = Array(text.utf8)
        guard let path = WorkspacePath(escaped: name) else { return }
        let target = root.appending(name)
        let temporary = target.parent.appending(".\(index).part")
        try Files.makeDirectories(target.parent)
        let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.writeAll(bytes)
        try Files.rename(temporary, target)
        let drop = Drop(digest: Digest(words: SHA256.hash(bytes).words), isGood: isGood)
        state.withLock { $0.dropped[path] = drop }
    }
}
