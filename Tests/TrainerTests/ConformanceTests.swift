import Millrace
import MillraceTesting
import Testing
import Trainer

@Suite struct ConformanceTests {
    @Test func `the trainer keeps the promises of a plugin`() async throws {
        let settings = TrainerMill.settings()
        try await checkConformance(TrainerPlugin.self, settings: settings) { mill in
            var trainer = TrainerMill(on: mill)
            try await trainer.add(TrainerMill.csv(rows: 100), rows: 100)
            try await trainer.request()
        }
    }
}
