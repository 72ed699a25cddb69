import Glibc
import Testing

@testable import Tabular

private func parsed(_ text: String) -> ParsedNumber {
    Array(text.utf8).withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { parseNumber($0, buffer.count) } ?? .none
    }
}

@Test func `every double is read as the C library reads it`() {
    var random = SeededGenerator(11)
    for _ in 0..<3_000 {
        let value = Double(bitPattern: random.next())
        guard value.isFinite else { continue }
        for text in ["\(value)", "\(Double(Int32(truncatingIfNeeded: random.next())) / 1000)"] {
            let number = parsed(text)
            #expect(number.kind != .none, "\(text)")
            #expect(number.value == strtod(text, nil), "\(text)")
        }
    }
    for text in ["0.1", "123456789.123456789", "9007199254740993.0", "1e22", "1e23", "4.9e-324"] {
        #expect(parsed(text).value == strtod(text, nil), "\(text)")
    }
}

@Test(arguments: [
    "", "-", "+", ".", "e5", "1e", "1e+", "0x10", "1_000", "1,5", " 1", "1 ", "nan", "NaN", "inf",
    "Infinity", "1e999", "-1e999", "1.2.3", "--1", "1-", "١٢",
])
func `what is no number is refused`(text: String) {
    #expect(parsed(text).kind == .none)
}

@Test func `whole numbers keep all their digits`() {
    #expect(parsed("9223372036854775807").integer == .max)
    #expect(parsed("-9223372036854775808").integer == .min)
    #expect(parsed("9223372036854775808").kind == .number)
    #expect(parsed("9223372036854775808").losesSpelling)
    #expect(parsed("007").losesSpelling && parsed("+49").losesSpelling)
    #expect(!parsed("0").losesSpelling && !parsed("0.5").losesSpelling)
    #expect(parsed("-0").integer == 0)
}

@Test func `dates are those of the calendar`() {
    func date(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer {
            $0.baseAddress.flatMap { start in
                parseDate(start, text.utf8.count) ?? parseTimestamp(start, text.utf8.count)
            }
        }
    }
    #expect(date("1970-01-01") == 0)
    #expect(date("2024-02-29") == 1_709_164_800)
    #expect(date("2023-02-29") == nil && date("2023-13-01") == nil && date("2023-1-1") == nil)
    #expect(date("2013-01-01T10:00:00Z") == 1_357_034_400)
    #expect(date("2013-01-01 10:00:00.5+01:00") == 1_357_030_800.5)
    #expect(date("2013-01-01T24:00:00Z") == nil)
    #expect(date("2016-12-31T23:59:60Z") == date("2017-01-01T00:00:00Z"))
    for days in stride(from: -800_000, through: 800_000, by: 997) {
        let (year, month, day) = civilDate(daysSince1970: days)
        #expect(daysSince1970(year: year, month: month, day: day) == days)
    }
}

@Test func `a type is inferred from all rows`() throws {
    let many = String(repeating: "7\n", count: 2_000)
    #expect(try profile("a\n" + many).columns[0].type == .integer)
    #expect(try profile("a\n" + many + "7.5\n").columns[0].type == .number)
    #expect(try profile("a\n" + many + "x\n").columns[0].type == .string)
    #expect(try profile("a,b\n01234,1\n00012,1\n").columns[0].type == .string)
    #expect(try profile("a,b\n2024-01-01,\n2024-01-01T10:00Z,\n").columns[0].type == .timestamp)
    #expect(try profile("a,b\nTrue,\nfalse,\nNA,\n").columns[0].type == .boolean)
    #expect(try profile("a,b\n,\n,\n").columns[0].type == .string)
}
