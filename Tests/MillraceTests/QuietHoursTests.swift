import Testing

@testable import Millrace

@Suite struct QuietHoursTests {
    /// Central Europe since 1996: forward on 2026-03-29 at 01:00Z, back on 2026-10-25 at 01:00Z.
    private static let berlin = TimeZoneRules(
        first: 3600, changes: [], offsets: [],
        rule: PosixTimeZone(parsing: "CET-1CEST,M3.5.0,M10.5.0/3"))

    private func end(
        _ from: String, _ to: String, at moment: String,
        in zone: TimeZoneRules = QuietHoursTests.berlin
    ) throws -> Timestamp? {
        var hours = QuietHours()
        (hours.from, hours.to) = (from, to)
        return hours.end(around: try #require(Timestamp(parsing: moment)), in: zone)
    }

    @Test(arguments: [
        // In winter an hour ahead of UTC, in summer two.
        ("22:00", "06:00", "2026-01-10T20:59:59Z", nil),
        ("22:00", "06:00", "2026-01-10T21:00:00Z", "2026-01-11T05:00:00Z"),
        ("22:00", "06:00", "2026-01-11T04:59:59Z", "2026-01-11T05:00:00Z"),
        ("22:00", "06:00", "2026-01-11T05:00:00Z", nil),
        ("22:00", "06:00", "2026-07-10T20:00:00Z", "2026-07-11T04:00:00Z"),
        ("08:00", "18:00", "2026-07-10T05:59:59Z", nil),
        ("08:00", "18:00", "2026-07-10T06:00:00Z", "2026-07-10T16:00:00Z"),
        // The night in which the clock goes forward has an hour less, the other one an hour more.
        ("22:00", "06:00", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"),
        ("22:00", "06:00", "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z"),
        // 02:30 does not come: they end, or begin, with the change.
        ("22:00", "02:30", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
        ("22:00", "02:30", "2026-03-29T01:00:00Z", nil),
        ("02:30", "05:00", "2026-03-29T00:59:59Z", nil),
        ("02:30", "05:00", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"),
        // Neither of the two comes: there are none on that day, and the day before is not meant.
        ("02:10", "02:40", "2026-03-29T01:00:00Z", nil),
        ("02:10", "02:40", "2026-03-29T12:00:00Z", nil),
        ("02:10", "02:40", "2026-03-28T01:20:00Z", "2026-03-28T01:40:00Z"),
        ("02:10", "02:40", "2026-03-30T00:20:00Z", "2026-03-30T00:40:00Z"),
        // 02:30 comes twice, at 00:30Z and 01:30Z: the first one counts.
        ("22:00", "02:30", "2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z"),
        ("22:00", "02:30", "2026-10-25T01:10:00Z", nil),
        ("02:30", "05:00", "2026-10-25T00:30:00Z", "2026-10-25T04:00:00Z"),
    ])
    func `the hours of a place go by its clock, also when that is changed`(
        from: String, to: String, moment: String, end wanted: String?
    ) throws {
        let found = try end(from, to, at: moment)
        #expect(found == wanted.flatMap { Timestamp(parsing: $0) }, "\(String(describing: found))")
    }

    @Test(arguments: [
        ("11:00", "13:00", 0, 3600), ("12:00", "12:01", 0, 60), ("11:00", "12:00", 0, nil),
        ("12:01", "13:00", 0, nil), ("22:00", "06:00", 0, nil), ("22:00", "12:30", 0, 1800),
        ("13:00", "14:30", 7200, 1800), ("03:00", "05:00", -28_800, 3600), ("", "", 0, nil),
    ])
    func `with a fixed offset every day is like another`(
        from: String, to: String, offset: Int64, seconds: Double?
    ) throws {
        let noon = try #require(Timestamp(parsing: "2026-03-03T12:00:00Z"))
        let found = try end(from, to, at: noon.description, in: .fixed(offset))
        #expect(found == seconds.map { noon.advanced(bySeconds: $0) })
    }

    @Test(arguments: [
        ("24:00", "06:00", "UTC"), ("22:00", "22:00", "UTC"), ("9:00", "10:00", "UTC"),
        ("22:00", "", "UTC"), ("22:00", "06:00", "../Berlin"), ("+9:00", "10:00", "UTC"),
        ("22:00", "06:00", ""), ("22:00", "06:00", "+25:00"),
    ])
    func `quiet hours that are none are refused`(from: String, to: String, zone: String) {
        var hours = QuietHours()
        (hours.from, hours.to, hours.zone) = (from, to, zone)
        var issues = SettingsIssues()
        hours.validate(into: &issues)
        #expect(issues.list.count == 1)
    }
}
