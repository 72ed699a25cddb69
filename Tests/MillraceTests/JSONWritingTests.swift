import Millrace
import Testing

struct JSONWritingTests {
    @Test func `compact text escapes only what it must and keeps the order of members`() {
        let value: JSONValue = [
            "b": [1, -2, 0.5, 1e21, -0.0, 5.0], "a": "\u{1}\n\"\\/ü𝄞\u{7f}", "": nil,
        ]
        let expected =
            #"{"b":[1,-2,0.5,1e+21,-0.0,5.0],"a":"\u0001\n\"\\/ü𝄞"# + "\u{7f}" + #"","":null}"#
        #expect(String(decoding: value.bytes, as: UTF8.self) == expected)
    }

    @Test func `a number that is no number becomes null rather than broken JSON`() {
        #expect(
            JSONValue.array([.number(.nan), .number(-.infinity)]).bytes == Array("[null,null]".utf8)
        )
    }

    @Test func `text for people puts short lists on one line`() {
        let value: JSONValue = [
            "short": [1, "two", nil], "empty": [], "none": [:], "deep": ["x": [["y": 1]]],
            "long": .array((0..<40).map { .integer($0 * 1000) }),
        ]
        let lines = value.pretty().split(separator: "\n")
        #expect(
            lines.prefix(8) == [
                "{", #"  "short": [1, "two", null],"#, #"  "empty": [],"#, #"  "none": {},"#,
                #"  "deep": {"#, #"    "x": ["#, "      {", #"        "y": 1"#,
            ])
        #expect(lines.count == 8 + 3 + 1 + 40 + 2)
        #expect((try? JSONValue(parsing: Array(value.pretty().utf8))) == value)
    }

    @Test func `random values come back from both forms`() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<400 {
            let value = random.value(depth: 4)
            let bytes = value.bytes
            let again = try JSONValue(parsing: bytes)
            #expect(again == value)
            #expect(again.bytes == bytes)
            #expect(try JSONValue(parsing: Array(value.pretty().utf8)) == value)
        }
    }

    @Test func `every bit pattern of a finite double comes back`() throws {
        var random = SplitMix(state: 11)
        for _ in 0..<3000 {
            let double = Double(bitPattern: random.next())
            guard double.isFinite else { continue }
            let again = try JSONValue(parsing: JSONValue.number(double).bytes)
            #expect(again.doubleValue?.bitPattern == double.bitPattern)
        }
    }
}

/// Steele, Lea and Flood, 2014: repeatable random values.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func text() -> String {
        let scalars: [ClosedRange<UInt32>] = [
            0...0x7F, 0x20...0x7E, 0x80...0x7FF, 0x1F600...0x1F64F,
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...20, using: &self) {
            let range = scalars[Int.random(in: 0..<4, using: &self)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2:
            return .integer(Int64(bitPattern: next() >> UInt64.random(in: 0...63, using: &self)))
        case 3: return .number(Double.random(in: -1...1, using: &self))
        case 4: return .number(Double.random(in: -1e300...1e300, using: &self))
        case 5: return .string(text())
        case 6:
            return .array(
                (0..<Int.random(in: 0...5, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var members: [JSONValue.Member] = []
            for _ in 0..<Int.random(in: 0...5, using: &self) {
                let key = text()
                if members.contains(where: { $0.key == key }) { continue }
                members.append(.init(key, value(depth: depth - 1)))
            }
            return .object(members)
        }
    }
}
