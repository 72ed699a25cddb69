import Millrace
import MillraceTesting
import Testing

@testable import Validator

@Suite struct ConformanceTests {
    @Test func `the validator keeps the promises of a plugin`() async throws {
        try await checkConformance(ValidatorPlugin.self) { mill in
            try await mill.drop("data/flights/a.csv", Sample.table(20))
            try await mill.drop("contracts/flights.json", Sample.contract)
            try await mill.drop("data/flights/b.csv", Sample.table(20, from: 20))
            try await mill.drop("data/flights/bad.csv", "day,origin\nnever,EWR\n")
            try await mill.remove("data/flights/a.csv", Sample.table(20))
        }
    }
}
