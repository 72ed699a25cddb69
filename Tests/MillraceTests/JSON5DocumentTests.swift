import Millrace
import Testing

struct JSON5DocumentTests {
    @Test(
        arguments: [
            ("// c\n1 // c", 1), ("/* c\n ** */ [1, 2,] /**/", [1, 2]),
            ("{a: 1, $b_2: 2,}", ["a": 1, "$b_2": 2]),
            ("{ü: 1}", ["ü": 1]), ("{'a b': 'it\\'s \"x\"'}", ["a b": "it's \"x\""]),
            ("0x1F", 31), ("-0XfF", -255), ("+1", 1), (".5", 0.5), ("-.5e1", -5.0), ("5.", 5.0),
            ("5.e1", 50.0), ("1e3", 1000.0), ("+1.5", 1.5),
            ("'a\\\nb\\\r\nc'", "abc"), (#"'\x41\u0042\v\0\q\uD834\uDD1E'"#, "AB\u{B}\0q𝄞"),
            ("'\u{2028}'", "\u{2028}"), ("\u{FEFF}\u{A0}\u{2003}null\u{B}", nil),
            ("{null: null}", ["null": nil]),
            ("[]", []), ("{}", [:]), (#"{"plain": [true, "json"]}"#, ["plain": [true, "json"]]),
        ] as [(String, JSONValue)])
    func `what JSON5 allows`(text: String, expected: JSONValue) throws {
        #expect(try JSON5Document(parsing: Array(text.utf8)).value == expected)
    }

    @Test(
        arguments: [
            "", "//", "/* ", "/* *", "/", "1 /x", "{a: 1 b: 2}", "{a 1}", "{1a: 1}", "{a-b: 1}",
            "{,}", "[,]",
            "[1,,2]", "{a:1,,}", "{a: 1, 'a': 2}", "'a\nb'", "'a", "\"a'", "Infinity", "-Infinity",
            "+NaN",
            "NaN", "{a: -Infinity}", "word", "1x", "0x", "0xg", "0x1.5", "01", "+-1", "--1", ".",
            "+", "1e",
            "1e999", "0x8000000000000000", "'\\1'", "'\\01'", "'\\xg0'", "'\\u12'", "'\\uD834'",
            "'\\uD834\\u0041'",
            "{a: 1}}", "[1", "{a", "{a:", "'\\", "True", "undefined", "1 2", "\\u0061",
            "{\\u0061: 1}",
            "1\u{661}",
        ])
    func `what is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSON5Document(parsing: Array(text.utf8)) }
    }

    private let settings = """
        // The settings of this installation.
        {
          pipelines: {
            "flights": { target: 'delayed', gates: [ { metric: "auc" }, 2 ] }, /* ü */ trains: 1,
          },
        }

        """

    @Test func `every key and element has its place`() throws {
        let document = try JSON5Document(parsing: Array(settings.utf8))
        #expect(document.position(of: []) == SourcePosition(line: 2, column: 1))
        #expect(document.position(of: ["pipelines"]) == SourcePosition(line: 3, column: 3))
        let flights = ["pipelines", "flights"]
        #expect(document.position(of: flights) == SourcePosition(line: 4, column: 5))
        #expect(document.position(of: flights + ["target"])?.column == 18)
        #expect(document.position(of: flights + ["gates", "0"])?.column == 46)
        #expect(document.position(of: flights + ["gates", "0", "metric"])?.column == 48)
        #expect(document.position(of: flights + ["gates", "1"])?.column == 65)
        #expect(document.position(of: ["pipelines", "trains"])?.column == 80)
        for missing in [
            ["x"], flights + ["gates", "2"], flights + ["gates", "-1"],
            ["pipelines", "trains", "x"],
        ] {
            #expect(document.position(of: missing) == nil)
        }
        #expect(document.nearestPosition(of: flights + ["tarjet"])?.column == 5)
    }

    @Test func `an error names the line, in files from any system`() {
        for lineEnd in ["\n", "\r\n", "\r"] {
            let text = "{" + lineEnd + " ü: 1," + lineEnd + " b: 01," + lineEnd + "}"
            let error = #expect(throws: JSONError.self) {
                try JSON5Document(parsing: Array(text.utf8))
            }
            #expect(error?.description == #"line 3, column 5: "01" is no number"#)
        }
    }

    @Test func `every truncation is read or refused, never a trap`() throws {
        let bytes = Array((settings + "/* \\u */").utf8)
        var whole = 0
        for count in 0...bytes.count {
            if let document = try? JSON5Document(parsing: Array(bytes[..<count])) {
                #expect(document.value["pipelines"]?["trains"] == 1)
                whole += 1
            }
        }
        #expect(whole > 1)
        for position in bytes.indices {
            for byte in [0x00, 0x22, 0x27, 0x2F, 0x2A, 0x5C, 0x5B, 0x7B, 0x2E, 0x65, 0xFF]
                as [UInt8]
            {
                var changed = bytes
                changed[position] = byte
                if let document = try? JSON5Document(parsing: changed) {
                    #expect(try JSONValue(parsing: document.value.bytes) == document.value)
                }
            }
        }
    }

    @Test func `hostile nesting and size are refused`() {
        for unit in ["[", "{a:", "[{'a':", "/*"] {
            let hostile = Array(String(repeating: unit, count: 20_000).utf8)
            #expect(throws: JSONError.self) { try JSON5Document(parsing: hostile) }
            #expect(throws: JSONError.self) {
                try JSON5Document(
                    parsing: hostile, limits: JSONLimits(byteCount: .max, depth: .max))
            }
        }
        let large = [UInt8](repeating: 0x20, count: 1 << 20 + 1)
        #expect(throws: JSONError.self) { try JSON5Document(parsing: large) }
        #expect(throws: JSONError.self) { try JSON5Document(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func `all that JSON writes, JSON5 reads the same`() throws {
        var random = SplitMix(state: 3)
        for _ in 0..<100 {
            let value = random.value(depth: 4)
            #expect(try JSON5Document(parsing: Array(value.pretty().utf8)).value == value)
        }
    }
}
