import Millrace
import MillraceTesting
import Testing
import Validator

extension EndToEnd {
    @Suite struct DepthTests {
        @Test(arguments: [MillDepth.memory, .disk, .process("millrace")])
        func `the same test of a plugin holds in memory, on disk and for the program`(
            depth: MillDepth
        ) async throws {
            try await withMill([ValidatorPlugin.self], at: depth) { mill in
                let good = try await mill.drop("data/flights/a.csv", "x,y\n1,2\n3,4\n")
                let bad = try await mill.drop("data/flights/b.csv", "x\n1\n")
                let accepted = try mill.events.filter { $0.type == DataAccepted.type }
                #expect(accepted.map(\.causation) == [good.id])
                let rejected = try #require(
                    try mill.events.first { $0.type == DataRejected.type })
                #expect(rejected.causation == bad.id)
                let folder = try rejected.decode(DataRejected.self).quarantine
                #expect(try mill.output("\(folder)/report.json") != nil, "\(folder)")
                #expect(try mill.deadLetters.isEmpty)
            }
        }
    }
}
