import Testing

@testable import CommandLineInterface

/// What each command that prints state says of the simulated year. Those with a suite of their own
/// have their transcripts there.
@Suite struct TranscriptTests {
    struct Session: Sendable, CustomTestStringConvertible {
        let name: String
        let lines: [[String]]
        var columns: Int? = 80

        var testDescription: String { name }
    }

    private static let then = "2026-03-03 14:00"

    static let sessions = [
        Session(name: "status", lines: [["status"]]),
        Session(
            name: "status-plugins",
            lines: [["status", "--plugins"], ["status", "--plugins", "--at", then]]),
        Session(name: "drops", lines: [["drops", "--at", then]]),
        Session(name: "show-contract", lines: [["show", "contract", "flights"]]),
        Session(name: "show-settings", lines: [["show", "settings", "--at", "2026-05-01"]]),
        Session(
            name: "why-path",
            lines: [
                ["why", "data/flights/2026-w01.csv"], ["why", "data/flights/2026-w09.csv"],
                ["why", "data/flights/2026-w60.csv"],
            ]),
        Session(name: "why-version", lines: [["why", "delays@1"]]),
        Session(
            name: "why-dataset",
            lines: [
                ["why", "flights@3"], ["why", "flights", "--at", then], ["why", "flights@99"],
            ]),
        Session(
            name: "why-forward",
            lines: [
                ["why", "--forward", "data/flights/2026-w09.csv"],
                ["why", "--forward", "data/flights/2026-w03.csv"],
            ]),
        Session(name: "why-dot", lines: [["why", "delays@1", "--dot"]], columns: nil),
        Session(name: "why-json", lines: [["why", "10", "--json"]], columns: nil),
        Session(
            name: "history-json", lines: [["history", "delays", "--at", then, "--json"]],
            columns: nil),
        Session(name: "status-json", lines: [["status", "--at", then, "--json"]], columns: nil),
        Session(
            name: "why-not-json", lines: [["why-not", "data/flights/2026-w09.csv", "--json"]],
            columns: nil),
        Session(name: "reproduce", lines: [["reproduce", "delays@13"]]),
        Session(
            name: "deadletters",
            lines: [["deadletter", "list"], ["deadletter", "list", "--json"]]),
    ]

    @Test(arguments: sessions)
    func `the commands say of the year what they said`(_ session: Session) async throws {
        let year = try await Year.shared.value
        try await Golden.expect(year, session.name, session.lines, columns: session.columns)
    }

    @Test func `a replay says how much, how fast, and that it is the same`() async throws {
        let year = try await Year.shared.value
        let lines = [["replay"], ["replay", "--at", Self.then]]
        try await Golden.expect(year, "replay", lines)
    }
}
