import Deployer
import Millrace
import MillraceTesting
import Testing
import Trainer

@Suite struct ConformanceTests {
    @Test func `the deployer keeps the promises of a plugin`() async throws {
        try await checkConformance(
            DeployerPlugin.self, with: [TrainerPlugin.self],
            settings: DelaysMill.settings { $0.approval = ["production"] }
        ) { mill in
            var delays = DelaysMill(on: mill)
            try await delays.train(rows: 200, noise: 20)
            try await delays.command("approve", ["stage": "production", "version": 1])
        }
    }
}
