import Foundation
import Testing

@testable import Millrace

/// Clocks and due moments, compared with what another program says: see ScheduleFixture/make.py.
@Suite struct ScheduleOracleTests {
    private struct Fixture: Decodable {
        struct Zone: Decodable {
            let tzif: String
            let offsets: Int64
        }
        struct Case: Decodable {
            let zone: String
            let cron: String
            let count: Int
            /// Minutes since 1970, each without its end.
            let spans: [[Int64]]
            let checksum: Int64
        }
        let zones: [String: Zone]
        let cases: [Case]

        static func read() throws -> Fixture {
            let folder = URL(filePath: #filePath).deletingLastPathComponent()
            let data = try Data(contentsOf: folder.appending(path: "ScheduleFixture/schedule.json"))
            return try Foundation.JSONDecoder().decode(Fixture.self, from: data)
        }

        func rules() throws -> [String: TimeZoneRules] {
            try zones.mapValues { zone in
                let data = try #require(Data(base64Encoded: zone.tzif))
                return try TimeZoneRules(tzif: Array(data))
            }
        }
    }

    private static let prime: Int64 = (1 << 61) - 1

    private func checksum(_ numbers: some Sequence<Int64>) -> Int64 {
        var total: Int64 = 0
        var index: Int64 = 0
        for number in numbers {
            index += 1
            total = (total + number % ScheduleOracleTests.prime * index) % ScheduleOracleTests.prime
        }
        return total
    }

    @Test func `clocks show what they do elsewhere, from 1970 to 2100`() throws {
        let fixture = try Fixture.read()
        #expect(fixture.zones.count > 20)
        for (name, rules) in try fixture.rules() {
            let offsets = stride(from: Int64(0), to: 4_102_444_800, by: 1_043_999).lazy.map {
                rules.offset(at: $0) + 100_000
            }
            #expect(checksum(offsets) == fixture.zones[name]?.offsets, "\(name)")
        }
    }

    @Test func `expressions are due when they are elsewhere, through every change of the clock`()
        throws
    {
        let fixture = try Fixture.read()
        let rules = try fixture.rules()
        #expect(fixture.cases.count > 400)
        for item in fixture.cases {
            let zone = try #require(rules[item.zone])
            let cron = try CronExpression(parsing: item.cron)
            let times = DueTimes.cron(cron, zone)
            var found: [Int64] = []
            for span in item.spans {
                // Dense ones a day at a time, the others as the daemon does.
                if item.count > 60 {
                    let days = (span[0] / 1440 - 2)...(span[1] / 1440 + 2)
                    let all = Set(days.flatMap { cron.instants(on: $0, in: zone) }.map { $0 / 60 })
                    found += all.filter { $0 >= span[0] && $0 < span[1] }.sorted()
                    continue
                }
                let end = span[1] * 60_000_000
                var moment = Timestamp(microseconds: span[0] * 60_000_000 - 1)
                while let next = times.next(after: moment), next.microseconds < end {
                    found.append(next.microseconds / 60_000_000)
                    moment = next
                }
            }
            let name = "\(item.zone) \(item.cron) \(item.spans)"
            #expect(found.count == item.count, "\(name)")
            #expect(checksum(found) == item.checksum, "\(name)")
            // And back again.
            for minute in found.suffix(20) {
                let moment = Timestamp(microseconds: minute * 60_000_000)
                #expect(times.last(through: moment.advanced(bySeconds: 59)) == moment, "\(name)")
            }
        }
    }

    @Test func `a damaged zone is refused and never traps`() throws {
        let fixture = try Fixture.read()
        let data = try #require(
            fixture.zones["Europe/Berlin"].flatMap { Data(base64Encoded: $0.tzif) })
        let whole = Array(data)
        var refused = 0
        for length in 0..<whole.count
        where (try? TimeZoneRules(tzif: Array(whole[..<length]))) == nil {
            refused += 1
        }
        #expect(refused == whole.count)
        var state: UInt64 = 3
        for _ in 0..<2000 {
            var bytes = whole
            state = state &* 6_364_136_223_846_793_005 &+ 1
            let place = Int((state >> 33) % UInt64(bytes.count))
            bytes[place] ^= UInt8(truncatingIfNeeded: state >> 20) | 1
            guard let rules = try? TimeZoneRules(tzif: bytes) else { continue }
            // Wrong, perhaps, but an answer.
            _ = rules.offset(at: 1_800_000_000)
            let times = DueTimes.cron(try CronExpression(parsing: "30 2 * * *"), rules)
            let next = times.next(after: Timestamp(microseconds: 1_800_000_000_000_000))
            if let next { #expect(next.microseconds > 1_800_000_000_000_000) }
        }
    }

    @Test(arguments: [
        "", "A", "CET", "CET-", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,J0,J9", "CET-1CEST,M3.5.0/168,M10.5.0", "<>0", "<+",
        "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-25", "CET-1:60",
    ])
    func `what is no rule is refused`(text: String) {
        #expect(PosixTimeZone(parsing: text) == nil)
    }
}
