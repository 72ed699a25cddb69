import Foundation
import Millrace
import Runtime
import Testing

/// Months of operation of the real runtime on a simulated machine: full disks, failing writes, slow and
/// failing programs, timeouts, and power cuts at any step. One thread and one seed decide everything,
/// so a failure is replayed by `MILLRACE_SEED=N swift test --filter SimulationTests`.
@Suite struct SimulationTests {
    /// A fixed set, and a few that nobody has seen before; their numbers are in the test's output.
    static let seeds: [UInt64] = {
        if let one = ProcessInfo.processInfo.environment["MILLRACE_SEED"].flatMap(UInt64.init) {
            return [one]
        }
        let count = ProcessInfo.processInfo.environment["MILLRACE_SEEDS"].flatMap(Int.init) ?? 2
        let fresh = (0..<count).map { _ in UInt64.random(in: 1000...UInt64(UInt32.max)) }
        print("fresh seeds of the simulation: \(fresh)")
        return Array(1...4) + fresh
    }()

    @Test(arguments: seeds)
    func `three months with every fault end with everything done once`(seed: UInt64) throws {
        let outcome = Simulation(seed: seed).run(days: 90, drops: 250)
        #expect(outcome.problems.isEmpty, "seed \(seed): \(outcome.problems.prefix(5))")
        // A machine on which nothing goes wrong proves nothing.
        #expect(outcome.powerCuts > 5)
        #expect(outcome.history.contains { $0.contains(ReactionFailed.type) })
        print("seed \(seed): \(outcome.powerCuts) power cuts, \(outcome.summary)")
    }

    @Test func `the same seed gives the same history, another one another`() {
        let first = Simulation(seed: 42).run(days: 10, drops: 40)
        let second = Simulation(seed: 42).run(days: 10, drops: 40)
        #expect(first.history == second.history)
        #expect(first.history != Simulation(seed: 43).run(days: 10, drops: 40).history)
    }
}
