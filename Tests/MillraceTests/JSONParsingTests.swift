import Millrace
import Testing

struct JSONParsingTests {
    @Test(
        arguments: [
            ("null", nil), (" true ", true), ("\t\r\n false", false), ("0", 0), ("-1", -1),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("-0", .number(-0.0)), ("-0.0", .number(-0.0)), ("1.0", .number(1)),
            ("1e2", .number(100)), ("1E+2", .number(100)), ("1e-2", .number(0.01)),
            ("0e1", .number(0)), ("123.456e78", .number(123.456e78)),
            ("1e-400", .number(0)), ("5e-324", .number(.leastNonzeroMagnitude)),
            ("0.1", .number(0.1)),
            ("2.2250738585072011e-308", .number(Double(bitPattern: 0xF_FFFF_FFFF_FFFF))),
            ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
            ("9007199254740993.0", .number(9_007_199_254_740_992)),
            ("[]", []), ("{}", [:]), ("[ ]", []), ("{ }", [:]), ("[1,2]", [1, 2]),
            ("[[],[[]]]", [[], [[]]]), (#"{"":0}"#, ["": 0]), (#"{"a":{"a":1}}"#, ["a": ["a": 1]]),
            (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\uFFFF""#, "Aé\u{FFFF}"), (#""\u0000""#, "\0"),
            (#""\uD834\uDD1E""#, "𝄞"), (#""\ud834\udd1e""#, "𝄞"), ("\"ü𝄞\u{7f}\"", "ü𝄞\u{7f}"),
            (
                #""a longer text with \n in the middle and ü after it""#,
                "a longer text with \n in the middle and ü after it"
            ),
        ] as [(String, JSONValue)])
    func `valid texts`(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == expected)
        // In the middle of a buffer the same.
        let framed = Array("{\(text)}".utf8)
        #expect(try JSONValue(parsing: framed[1..<framed.count - 1]) == expected)
    }

    @Test(
        arguments: [
            "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01",
            "1.", ".5", "1.e1", "1e", "1e+", "1eE2", "0x10", "1_000", "1e999", "-1e999", "1 2",
            "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1;2]", "{", "}", "{]", "[}", "{\"a\"",
            "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}",
            "{\"a\" 1}",
            "{\"a\"::1}", "{1:1}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":1}",
            "{\"a\":1 \"b\":2}",
            "\"", "\"a", "'a'", "\"\\", "\"\\\"", "\"\\x41\"", "\"\\u\"", "\"\\u12\"",
            "\"\\u123g\"",
            "\"\\uD834\"", "\"\\uDD1E\"", "\"\\uD834\\u0041\"", "\"\\uD834\\uD834\"",
            "\"\\uD834x\"", "\"\\uDD1E\\uD834\"", "\"\\a\"", "\"\\'\"", "\"\t\"", "\"\n\"",
            "\"\0\"",
            "\u{FEFF}1", "1//x", "/*x*/1", "[1]x", "\u{a0}1", "\u{c}1", "tru", "t", "[nul]",
            "[1:2]", "[\"x\"", "[-2.]", "[2.e3]", "[0.e1]", "[0e]", "[1+2]", "[.-1]", "[-.123]",
            "[Inf]",
            "[1.8011670033376514H-308]", "[\u{FF11}]", "{\"x\", null}", "{\"a\":\"b\"}/**/",
            "{\"a\":\"b\"}#",
            "{\"a\": true} \"x\"", "[\"\\uD800\\\"]", "[\"\\uD800\\u\"]", "[\"\\uD800\\u1\"]",
            "<.>", "[<null>]", "[a",
            "['", "{\"a\":\"a", "2@", "[\n1\n,1", "*", "{\"\":", "[,",
            "{ \"foo\" : \"bar\", \"a\" }", "[\u{c}]",
            "[\u{2060}]", "abc", "123123e100000000000000000000000000", "[1e,]", "{\"a\":}", "{:1}",
            "[][]", "{}{}",
            "{\"é\":1,\"e\u{301}\":2}", "{\"K\":1,\"\u{212A}\":2}", "{\"\u{212A}\":1,\"K\":2}",
            "\"a\\\n\"", "[\"a\"\"b\"]", "{\"a\":1}}", "[1]]", "--1", "1-", "1.2.3", "1e2e3", "0 1",
        ])
    func `invalid texts`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xE0, 0x80, 0x80, 0x22],
            [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xC3, 0x22], [0x22, 0x80, 0x22], [0xFF], [0xEF, 0xBB, 0xBF, 0x31],
            [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0x22, 0xFF, 0x5C, 0x6E, 0x22], [0x31, 0x00],
        ] as [[UInt8]])
    func `bytes that are not UTF-8`(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test func `an error names offset, line and column`() {
        let text = "{\n  \"ü\": 1,\r\n  \"b\" 2\n}"
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
        #expect(error?.offset == 20)
        #expect(error?.description == "line 3, column 7: expected : after the key, found 2")
        let twice = #expect(throws: JSONError.self) {
            try JSONValue(parsing: Array(#"{"ü": 1, "ü": 2}"#.utf8))
        }
        #expect(twice?.message == #"the key "ü" is there twice"#)
        #expect(twice?.column == 10)
        let bad = #expect(throws: JSONError.self) {
            try JSONValue(parsing: [0x22, 0x61, 0x61, 0xFF, 0x22])
        }
        #expect(bad?.offset == 3)
    }

    @Test func `keys twice among many are found`() throws {
        let keys = (0..<300).map { "\"key\($0)\":\($0)" }
        let good = Array("{\(keys.joined(separator: ","))}".utf8)
        #expect(try JSONValue(parsing: good).members?.count == 300)
        for repeated in [0, 15, 16, 17, 299] {
            let bad = Array("{\(keys.joined(separator: ",")),\"key\(repeated)\":0}".utf8)
            #expect(throws: JSONError.self) { try JSONValue(parsing: bad) }
        }
    }

    @Test func `nesting is limited, however it is written`() throws {
        let fits = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try JSONValue(parsing: Array(fits.utf8)) }
        for unit in ["[", "{\"a\":", "[{\"a\":", "[[],"] {
            let hostile = Array(String(repeating: unit, count: 100_000).utf8)
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: hostile) }
            #expect(error?.message == "more than 64 levels lie in each other")
            // No limit that a caller sets can overflow the stack.
            let generous = JSONLimits(byteCount: .max, depth: .max)
            #expect(throws: JSONError.self) { try JSONValue(parsing: hostile, limits: generous) }
        }
        // Depth is how deep it lies, not how often brackets come.
        let wide = "[" + String(repeating: "[],{},", count: 1000) + "1]"
        #expect(throws: Never.self) { try JSONValue(parsing: Array(wide.utf8)) }
    }

    @Test func `a text beyond the size limit is refused before it is read`() {
        let limits = JSONLimits(byteCount: 4, depth: 1)
        #expect(throws: Never.self) { try JSONValue(parsing: Array("true".utf8), limits: limits) }
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: Array("false".utf8), limits: limits)
        }
        #expect(error?.message == "the text has 5 bytes; at most 4 are read")
    }

    @Test func `every truncation of a document is an error`() {
        let text = #"{"a":[1,-2.5e+3,true,null],"b":{"c":"ü\n\uD834\uDD1E x"},"long key name":"𝄞"}"#
        let bytes = Array(text.utf8)
        #expect(throws: Never.self) { try JSONValue(parsing: bytes) }
        for count in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes[..<count]) }
        }
    }

    @Test func `every change of one byte is read or refused, and what is read comes back`() throws {
        let bytes = Array(#"{"a":[1,-2.5e+3,true],"b":{"c":"ü\n\uD834\uDD1E"}}"#.utf8)
        for position in bytes.indices {
            for byte in stride(from: UInt8(0), through: 255, by: 5) {
                var changed = bytes
                changed[position] = byte
                guard let value = try? JSONValue(parsing: changed) else { continue }
                #expect(try JSONValue(parsing: value.bytes) == value)
            }
        }
    }
}
