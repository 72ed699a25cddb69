import Testing

@Suite struct YearTests {
    @Test func `the year is the same whenever it is told`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(year, "events", [["events"]])
    }
}
