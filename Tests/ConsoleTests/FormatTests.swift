import Millrace
import Testing

@testable import Console

@Suite struct FormatTests {
    @Test func `decimals are rounded and never lost`() {
        #expect(Format.fixed(3.14159, 2) == "3.14")
        #expect(Format.fixed(-0.05, 1) == "-0.1")
        #expect(Format.fixed(-0.5, 2) == "-0.50")
        #expect(Format.fixed(2, 0) == "2")
        #expect(Format.fixed(0.1 + 0.2, 9) == "0.300000000")
        #expect(Format.fixed(-0.001, 2) == "0.00")
        #expect(Format.percent(0.4137) == "41.4%")
    }

    @Test(arguments: [
        Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0,
        1e300, -1e18, 9.1e15,
    ])
    func `no value of a Double is too much`(value: Double) {
        for decimals in [-1, 0, 3, 9, 99] { #expect(!Format.fixed(value, decimals).isEmpty) }
        #expect(!Format.duration(seconds: value).isEmpty)
        #expect(!Format.percent(value).isEmpty)
    }

    @Test func `counts have their thousands apart`() {
        #expect(Format.count(0) == "0")
        #expect(Format.count(999) == "999")
        #expect(Format.count(1_234_567) == "1,234,567")
        #expect(Format.count(.min) == "-9,223,372,036,854,775,808")
        #expect(Format.count(1, "row") == "1 row")
        #expect(Format.count(2500, "row") == "2,500 rows")
        #expect(Format.count(2, "query", plural: "queries") == "2 queries")
    }

    @Test func `sizes have three digits`() {
        #expect(Format.bytes(0) == "0 B")
        #expect(Format.bytes(999) == "999 B")
        #expect(Format.bytes(1000) == "1.00 kB")
        #expect(Format.bytes(643_272) == "643 kB")
        #expect(Format.bytes(999_600) == "1.00 MB")
        #expect(Format.bytes(1_234_567) == "1.23 MB")
        #expect(Format.bytes(.max) == "9.22 EB")
        #expect(Format.bytes(-2_500_000_000) == "-2.50 GB")
    }

    @Test func `durations use the unit that fits`() {
        let expected: [(Double, String)] = [
            (0, "0 s"), (0.000_32, "320 µs"), (0.0454, "45 ms"), (0.9996, "1.0 s"), (2.34, "2.3 s"),
            (45.4, "45 s"), (59.6, "1m 00s"), (245, "4m 05s"), (3599.6, "1h 00m"),
            (11_520, "3h 12m"), (86_399, "1d 0h"), (453_600, "5d 6h"), (-2.34, "-2.3 s"),
        ]
        for (seconds, text) in expected { #expect(Format.duration(seconds: seconds) == text) }
    }

    @Test func `times are relative while that says more than the date`() {
        let now = Timestamp(microseconds: 1_700_000_000_000_000)
        let expected: [(Double, String)] = [
            (0, "just now"), (-4, "just now"), (-30, "30 s ago"), (-240, "4 min ago"),
            (-7200, "2 h ago"), (-86_400, "1 day ago"), (-3 * 86_400, "3 days ago"),
            (7200, "in 2 h"), (-70 * 86_400, "2023-09-05"),
        ]
        for (seconds, text) in expected {
            #expect(Format.relative(now.advanced(bySeconds: seconds), to: now) == text)
        }
        #expect(Format.clock(now) == "22:13:20.000")
        #expect(Format.dateAndTime(now) == "2023-11-14 22:13:20")
        #expect(!Format.relative(Timestamp(microseconds: .min), to: now).isEmpty)
    }
}
