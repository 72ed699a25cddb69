import Deployer
import Millrace
import MillraceTesting
import Testing
import Trainer

@Suite struct RedeliveryTests {
    @Test func `after a crash at any point the same events follow`() async throws {
        var whole = try DelaysMill()
        try await whole.train(rows: 200, noise: 20)
        let events = whole.mill.log.events
        let wanted = events.filter { $0.type != ReactionHandled.type }.map(\.id)
        let asked = try #require(events.firstIndex { $0.type == TrainingRequested.type })
        for cut in (asked + 1)...events.count {
            // Batches are whole: none ends with an event of a plugin but without its mark.
            if case .plugin = events[cut - 1].actor { continue }
            let world = MemoryWorld(plugins: [TrainerPlugin.self, DeployerPlugin.self])
            for file in whole.files {
                _ = try world.files.store(
                    try whole.mill.world.files.bytes(of: file.sha256, limit: .max))
            }
            // What was kept before the crash is there after it.
            for digest in kept(events.prefix(cut)) {
                _ = try world.files.store(
                    try whole.mill.world.files.bytes(of: digest, limit: .max))
            }
            for (path, bytes) in whole.mill.world.written where path.hasPrefix("models/") {
                guard let path = WorkspacePath(escaped: path) else { continue }
                try world.outputs.write(bytes, to: path)
            }
            for deployed in events.prefix(cut).compactMap({
                $0.payload(as: DeploymentCompleted.self)
            }) {
                let link = try #require(
                    WorkspacePath(escaped: "deployments/\(deployed.stage)/delays"))
                let release = try #require(WorkspacePath(escaped: "models/delays/1"))
                try world.outputs.link(link, to: release)
            }
            let again = try whole.restarted(keeping: cut, world: world)
            try await again.mill.emit(DaemonStopped(reason: "to wait until all is done"))
            let found = again.mill.log.events.filter {
                $0.type != ReactionHandled.type && $0.type != DaemonStopped.type
            }.map(\.id)
            #expect(found == wanted, "cut after \(cut) events")
        }
    }

    private func kept(_ events: ArraySlice<Event>) -> [Digest] {
        events.compactMap { $0.payload(as: ModelVersionCreated.self) }.flatMap {
            [$0.artifact] + [$0.examples].compactMap { $0 }
        }
    }
}
