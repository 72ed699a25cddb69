import Testing

@testable import Millrace

@Suite struct CronTests {
    private func refusal(_ text: String) -> String? {
        do {
            _ = try CronExpression(parsing: text)
            return nil
        } catch {
            return error.message
        }
    }

    @Test(arguments: [
        ("* * * *", "5 fields"), ("", "5 fields"), ("60 * * * *", "field minute takes"),
        ("* 24 * * *", "field hour takes"), ("* * 0 * *", "field day takes"),
        ("* * * 13 *", "field month takes"), ("* * * * 8", "field weekday takes"),
        ("5-1 * * * *", "field minute takes"), ("*/0 * * * *", "field minute takes"),
        ("1,,2 * * * *", "field minute takes"), ("-1 * * * *", "field minute takes"),
        ("1/2/3 * * * *", "field minute takes"), ("* * * jam *", "field month takes"),
        ("0 0 31 2 *", "never due"), ("0 0 30,31 feb *", "never due"), ("@often", "is not known"),
        ("١ * * * *", "field minute takes"),
        ("999999999999999999999 * * * *", "field minute takes"),
    ])
    func `what is no expression is refused with its field`(text: String, words: String) {
        #expect(refusal(text)?.contains(words) == true, "\(refusal(text) ?? "accepted")")
    }

    @Test func `names, ranges, steps and macros mean the same as numbers`() throws {
        for (one, other) in [
            ("0 0 * jan-mar mon", "0 0 * 1,2,3 1"), ("5/20 * * * *", "5,25,45 * * * *"),
            ("0 8-18/5 * * *", "0 8,13,18 * * *"), ("0 0 * * 7", "0 0 * * 0"),
            ("@daily", "0 0 * * *"), ("0 0 * * SUN-Tue", "0 0 * * 0,1,2"),
        ] {
            #expect(try CronExpression(parsing: one) == CronExpression(parsing: other), "\(one)")
        }
    }

    @Test func `every expression is due or refused, and its next moment comes after`() throws {
        var state: UInt64 = 7
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for _ in 0..<300 {
            let fields = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)].map { low, high in
                switch random(4) {
                case 0: "*"
                case 1: "*/\(random(30) + 1)"
                default: "\(low + Int(random(UInt64(high - low + 1))))"
                }
            }
            guard let cron = try? CronExpression(parsing: fields.joined(separator: " ")) else {
                continue
            }
            let times = DueTimes.cron(cron, .fixed(7200))
            let now = Timestamp(microseconds: Int64(random(4_000_000_000)) * 1_000_000)
            let next = try #require(times.next(after: now), "\(fields)")
            #expect(next > now)
            #expect(times.last(through: next) == next)
            let before = try #require(times.last(through: now))
            #expect(before <= now)
            #expect(times.next(after: before) == next)
        }
    }

    @Test func `an interval is counted from midnight UTC`() throws {
        let times = DueTimes.every(.seconds(900))
        let now = try #require(Timestamp(parsing: "2026-03-03T14:07:00.5Z"))
        #expect(times.next(after: now) == Timestamp(parsing: "2026-03-03T14:15:00Z"))
        #expect(times.last(through: now) == Timestamp(parsing: "2026-03-03T14:00:00Z"))
        let before = Timestamp(microseconds: -1)
        #expect(times.next(after: before) == Timestamp(microseconds: 0))
        #expect(times.last(through: before) == Timestamp(microseconds: -900_000_000))
    }
}
