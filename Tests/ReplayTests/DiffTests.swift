import Console
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct DiffTests {
    @Test func `two versions of a model`() async throws {
        let year = try await Year.shared.value
        try Golden.expect(await year.run("diff", "delays@13", "delays@14").all, "diff-models")
        let same = await year.run("diff", "delays@3", "delays@3")
        #expect(same.out.contains("nothing is different"))
        let none = await year.run("diff", "delays@3", "delays@99")
        #expect(none.code == .missing)
    }

    @Test func `two versions of a dataset`() async throws {
        let year = try await Year.shared.value
        try Golden.expect(await year.run("diff", "flights@22", "flights@31").all, "diff-datasets")
        let none = await year.run("diff", "flights@1", "flights@999")
        #expect(none.code == .missing && none.err.contains("1 to"))
    }

    @Test func `two moments`() async throws {
        let year = try await Year.shared.value
        try Golden.expect(
            await year.run("diff", "2026-05-01", "2026-06-01").all, "diff-moments")
        let mixed = await year.run("diff", "delays@1", "2026-06-01")
        #expect(mixed.code == .usage)
        let report = try await year.run("diff", "100", "100", "--json").decode(DiffReport.self)
        #expect(report.isEmpty)
    }
}
