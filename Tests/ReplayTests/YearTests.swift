import Testing

@Suite struct YearTests {
    @Test func `the year is the same whenever it is told`() async throws {
        let year = try await Year.shared.value
        let events = await year.run("events")
        try Golden.expect(events.all, "events")
    }
}
