import Console
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct DiffTests {
    @Test func `two versions of a model`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(year, "diff-models", [["diff", "delays@13", "delays@14"]])
        let same = await year.run("diff", "delays@3", "delays@3")
        #expect(same.out.contains("nothing is different"))
        let none = await year.run("diff", "delays@3", "delays@99")
        #expect(none.code == .missing)
    }

    @Test func `two versions of a dataset`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(year, "diff-datasets", [["diff", "flights@22", "flights@31"]])
        let none = await year.run("diff", "flights@1", "flights@999")
        #expect(none.code == .missing && none.err.contains("1 to"))
    }

    @Test func `two moments`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(year, "diff-moments", [["diff", "2026-05-01", "2026-06-01"]])
        let mixed = await year.run("diff", "delays@1", "2026-06-01")
        #expect(mixed.code == .usage)
        let report = try await year.run("diff", "100", "100", "--json").decode(DiffReport.self)
        #expect(report.isEmpty)
    }

    @Test func `a record that is not there yet is told`() async throws {
        let year = try await Year.shared.value
        for answer in [await year.run("diff", "10", "9999"), await year.run("diff", "9999", "10")] {
            #expect(answer.code == .missing && answer.err.contains("there is no record 9999 yet"))
        }
    }

    @Test func `what was not there before is new, and every line fits the terminal`() async throws {
        let year = try await Year.shared.value
        let first = await year.run("diff", "1", "2026-12-01")
        #expect(!first.out.contains("null") && !first.out.contains("{}"), "\(first.out)")
        for line in first.out.split(separator: "\n") {
            #expect(line.count <= 80 && line.last != " ", "\(line)")
        }
    }
}
