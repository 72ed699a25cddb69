import Millrace
import MillraceTesting
import Testing

@testable import Monitor

@Suite struct ConformanceTests {
    @Test func `the monitor keeps the promises of a plugin`() async throws {
        let settings = MonitorMill.settings()
        try await checkConformance(MonitorPlugin.self, settings: settings) { mill in
            var monitor = MonitorMill(on: mill, settings)
            try await monitor.add(try monitor.file("a", MonitorMill.table(300, seed: 1)))
            try await monitor.train()
            try await monitor.deploy()
            try await monitor.add(try monitor.file("b", MonitorMill.table(300, seed: 2, late: 0.8)))
            try await mill.drop("code/delays/train.py", "print()")
        }
    }
}
