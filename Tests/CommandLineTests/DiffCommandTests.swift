import Console
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct DiffCommandTests {
    @Test func `versions that no state keeps any more are found in the journal`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let files = [try Parts.file("data/flights/2013-01.csv", 2)]
        for version in 2...60 {
            try story.tellVersion(version, files: files, because: "drop 1", reason: "again")
        }
        let view = await story.run("diff", "delays@2", "delays@59", "--json")
        #expect(view.code == .success, "\(view.err)")
        let report = try view.decode(DiffReport.self)
        let metrics = try #require(report.sections.first { $0.name == "metrics" })
        #expect(metrics.changes.first { $0.what == "auc" }?.before == "0.6900")
        #expect(metrics.changes.first { $0.what == "auc" }?.after == "1.2600")
        let missing = await story.run("diff", "delays@2", "delays@61")
        #expect(missing.code == .missing && missing.err.contains("delays@60"))
        let nothing = await story.run("diff", "dleays@2", "dleays@61")
        #expect(nothing.code == .missing)
    }
}
