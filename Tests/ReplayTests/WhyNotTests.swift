import Console
import Millrace
import Runtime
import Testing

@testable import CommandLineInterface

@Suite struct WhyNotTests {
    private func reasons(_ words: String...) async throws -> [WhyNot.Reason] {
        let year = try await Year.shared.value
        return try await year.run(["why-not", "--json"] + words)
            .decode(WhyNotCommand.Answer.self).reasons
    }

    @Test func `a drop that was refused, a version that was replaced, a training put off`()
        async throws
    {
        let year = try await Year.shared.value
        let questions = [
            ["data/flights/2026-w09.csv"], ["delays@13"], ["delays"], ["delays@17"],
            ["delays@11", "--at", "464"], ["data/flights/2026-w60.csv"],
        ]
        try await Golden.expect(year, "why-not", questions.map { ["why-not"] + $0 })
    }

    @Test func `each reason names the record that says so`() async throws {
        #expect(try await reasons("data/flights/2026-w09.csv").map(\.kind) == [.dropRefused])
        #expect(try await reasons("delays@13").map(\.kind) == [.replaced])
        #expect(try await reasons("delays").map(\.kind) == [.putOff])
        #expect(try await reasons("delays@17").isEmpty)
        #expect(try await reasons("data/flights/2026-w60.csv").map(\.kind) == [.neverSeen])
        // On the evening of the drop the version waits for a person.
        #expect(
            try await reasons("delays@17", "--at", "2026-12-14T20:00")
                .map(\.kind).contains(.waitsForApproval))
        let putOff = try #require(try await reasons("delays", "--at", "2026-08-04").first)
        #expect(putOff.words.contains("cooling down") && putOff.sequence != nil)
        let year = try await Year.shared.value
        #expect(await year.run("why-not", "delays@17").code == .negative)
        #expect(await year.run("why-not", "delays@77").code == .missing)
    }
}
