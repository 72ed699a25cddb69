import CommandLineInterface
import Console
import Daemon
import Testing

/// Every version of a year is made again from its record, whatever the settings became since.
@Suite struct ReproduceYearTests {
    @Test func `every version comes out the same, and nothing is written`() async throws {
        let year = try await Year.shared.value
        let watch = try Untouched(year)
        for version in [1, 2, 9, 13, 14, 17] {
            let run = try watch.run("reproduce", "delays@v\(version)")
            #expect(run.code == .success, "\(run.all)")
            #expect(
                run.out.hasPrefix("delays v\(version), made again from its record: the same bytes"))
        }
        // The one in production.
        let live = try watch.run("reproduce", "delays")
        #expect(live.out.hasPrefix("delays v17"), "\(live.all)")
        #expect(watch.changes() == [])
    }
}
