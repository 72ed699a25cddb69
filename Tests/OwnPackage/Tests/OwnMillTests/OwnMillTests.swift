import Millrace
import MillraceTesting
import Testing

@testable import own_mill

@Suite struct OwnMillTests {
    @Test func `rows are counted over drops and restarts`() async throws {
        let mill = try TestMill([LedgerPlugin.self])
        try await mill.accept("data/flights/a.csv", rows: 10)
        try await mill.accept("data/flights/b.csv", rows: 5)
        #expect(try mill.emitted(RowsCounted.self).map(\.rows) == [10, 15])
    }

    @Test func `the ledger keeps the promises of a plugin`() async throws {
        try await checkConformance(LedgerPlugin.self) { mill in
            try await mill.accept("data/flights/a.csv", rows: 10)
            try await mill.accept("data/trains/b.csv", rows: 5)
            try await mill.accept("data/flights/c.csv", rows: 5)
        }
    }
}
