import Foundation
import Millrace
import Testing

private struct Window: Codable, Equatable {
    var start: Timestamp
    var rows: Int
}

private enum Kind: String, Codable, CaseIterable { case fast, slow }
private enum Step: Int, Codable { case first = 1, second }

private struct Everything: Codable, Equatable {
    var flag = true
    var text = "a \"quoted\" ü"
    var count = -7
    var byte: UInt8 = 255
    var big: UInt64 = 1 << 62
    var ratio = 0.1
    var small: Float = 0.1
    var missing: String?
    var there: Int? = 3
    var list = ["a", "b"]
    var numbers = [1.5, 2]
    var whole = [1, 2, 3]
    var windows = [Window(start: Timestamp(microseconds: 1_000_000), rows: 1)]
    var byName = ["b": Window(start: Timestamp(microseconds: 0), rows: 2)]
    var byKind: [Kind: Int] = [.slow: 1, .fast: 2]
    var byNumber: [Int: String] = [10: "ten", 9: "nine"]
    var kind = Kind.slow
    var step = Step.second
    var free: JSONValue = ["x": [1, nil, 2.5]]
    var nested: [[Int?]] = [[1, nil], []]
}

struct JSONCodableTests {
    @Test func `a long text is cut short in the words for what is wrong`() {
        let value: JSONValue = ["id": .string(String(repeating: "x", count: 80))]
        let error = #expect(throws: (any Error).self) { try value.decode([String: Digest].self) }
        let words = error.map { "\($0)" } ?? ""
        #expect(words.contains("\"" + String(repeating: "x", count: 57) + "...\""), "\(words)")
    }

    @Test func `a structure with everything in it comes back the same`() throws {
        let value = Everything()
        let json = try JSONValue(encoding: value)
        #expect(try json.decode(Everything.self) == value)
        let again = try JSONValue(parsing: json.bytes)
        #expect(again == json)
        #expect(try again.decode(Everything.self) == value)
    }

    @Test func `an optional that is nil is left out, and dictionaries are sorted objects`() throws {
        let json = try JSONValue(encoding: Everything())
        #expect(json["missing"] == nil)
        #expect(json["byKind"]?.members?.map(\.key) == ["fast", "slow"])
        #expect(json["byNumber"]?.members?.map(\.key) == ["10", "9"])
        let many = Dictionary(uniqueKeysWithValues: (0..<100).map { ("key\($0)", $0) })
        #expect(try JSONValue(encoding: many).members?.map(\.key) == many.keys.sorted())
        #expect(json["small"] == .number(0.1))
    }

    @Test func `an error says where, what was expected and what was found`() throws {
        let json = try JSONValue(parsing: Array(#"{"windows": [{"rows": "many"}]}"#.utf8))
        struct Holder: Decodable { var windows: [Window] }
        let error = #expect(throws: JSONDecodingError.self) { try json.decode(Holder.self) }
        #expect(error?.description == "windows.0.start: expected a value, found nothing")
        #expect(
            throws: JSONDecodingError(
                path: ["rows"], expected: "a whole number", found: #"a text "many""#)
        ) {
            try (["start": "2026-01-01", "rows": "many"] as JSONValue).decode(Window.self)
        }
        #expect(
            throws: JSONDecodingError(
                path: ["start"], expected: "a time such as 2026-03-03T14:00:00Z",
                found: #"a text "soon""#)
        ) {
            try (["start": "soon", "rows": 1] as JSONValue).decode(Window.self)
        }
        #expect(
            throws: JSONDecodingError(
                path: ["1"], expected: #"one of "fast", "slow""#, found: #"a text "brisk""#)
        ) {
            try (["slow", "brisk"] as JSONValue).decode([Kind].self)
        }
        #expect(
            throws: JSONDecodingError(
                path: ["brisk"], expected: #"a key that is one of "fast", "slow""#,
                found: #""brisk""#)
        ) {
            try (["brisk": 1] as JSONValue).decode([Kind: Int].self)
        }
    }

    @Test func `an error that an author throws keeps its place`() throws {
        struct Even: Decodable {
            struct Odd: Error, CustomStringConvertible { var description = "it is odd" }
            init(from decoder: any Decoder) throws {
                let number = try decoder.singleValueContainer().decode(Int.self)
                if number == 1 { throw Odd() }
                if number % 2 == 1 {
                    throw DecodingError.dataCorrupted(
                        .init(codingPath: [], debugDescription: "an even number is needed"))
                }
            }
        }
        #expect(
            throws: JSONDecodingError(
                path: ["a", "1"], expected: "a valid value (it is odd)", found: "1")
        ) { try (["a": [0, 1]] as JSONValue).decode([String: [Even]].self) }
        #expect(
            throws: JSONDecodingError(
                path: ["a", "0"], expected: "a valid value (an even number is needed)", found: "3")
        ) { try (["a": [3, 1]] as JSONValue).decode([String: [Even]].self) }
    }

    @Test func `enums with values and optionals in dictionaries come back`() throws {
        let shapes: [Shape] = [.point, .circle(radius: 2.5), .path(["a", "b"])]
        let json = try JSONValue(encoding: shapes)
        #expect(json[1] == ["circle": ["radius": 2.5]])
        #expect(try json.decode([Shape].self) == shapes)
        let optionals: [String: Int?] = ["a": 1, "b": nil]
        #expect(try JSONValue(encoding: optionals) == ["a": 1, "b": nil])
        #expect(try (["a": 1, "b": nil] as JSONValue).decode([String: Int?].self) == optionals)
        #expect(try (nil as JSONValue).decode(Int?.self) == nil)
        #expect(try JSONValue(encoding: Int?.none) == .null)
    }

    @Test func `containers taken by hand read what is there`() throws {
        let hand = try (["a": [1, ["x": 2], [3], nil], "b": ["y": 4]] as JSONValue)
            .decode(ByHand.self)
        #expect(hand.numbers == [1, 2, 3, 4])
        #expect(hand.keys == ["a", "b"])
        for wrong: JSONValue in [
            ["a": [1]], ["a": [1, ["x": 2], [], nil], "b": ["y": 4]], ["a": [1, [2], [3], nil]],
            ["a": [1, ["x": 2], [3], 5], "b": ["y": 4]], [:], ["a": 1],
            ["a": [1, ["x": 2], [3], nil], "b": ["y": true]],
        ] {
            #expect(throws: JSONDecodingError.self) { try wrong.decode(ByHand.self) }
        }
        #expect(
            throws: JSONDecodingError(
                path: ["a", "1"], expected: "a value", found: "the end of the list")
        ) { try (["a": [1]] as JSONValue).decode(ByHand.self) }
    }

    @Test func `objects with many members are read in any order`() throws {
        let pairs = (0..<200).map { ("k\($0)", $0) }
        let json = JSONValue.object(pairs.reversed().map { .init($0.0, .integer(Int64($0.1))) })
        #expect(
            try json.decode([String: Int].self) == Dictionary(uniqueKeysWithValues: pairs))
        struct Few: Decodable, Equatable { var k7: Int, k199: Int, k0: Int, missing: Int? }
        #expect(try json.decode(Few.self) == Few(k7: 7, k199: 199, k0: 0, missing: nil))
    }

    @Test func `the coders of Foundation can carry a value too`() throws {
        let value: JSONValue = ["a": [1, 2.5, "x", nil, true], "b": ["c": []]]
        let data = try JSONEncoder().encode(value)
        let again = try JSONDecoder().decode(JSONValue.self, from: data)
        #expect(again["a"] == value["a"] && again["b"] == value["b"])
    }

    @Test(arguments: [(300, nil), (-1, nil), (255, 255), (0, 0)] as [(Int64, UInt8?)])
    func `whole numbers are checked against their type`(number: Int64, expected: UInt8?) {
        #expect((try? JSONValue.integer(number).decode(UInt8.self)) == expected)
        #expect((try? JSONValue.number(Double(number)).decode(UInt8.self)) == expected)
    }

    @Test func `numbers out of reach are errors, never traps`() {
        for number in [1e300, -1e300, 9.3e18, 1.5, .greatestFiniteMagnitude] {
            #expect(throws: JSONDecodingError.self) {
                try JSONValue.number(number).decode(Int.self)
            }
        }
        #expect(throws: JSONDecodingError.self) { try JSONValue.number(1e300).decode(Float.self) }
        #expect(
            throws: JSONDecodingError(
                path: [], expected: "a whole number from 0 to 255", found: "300")
        ) { try JSONValue.integer(300).decode(UInt8.self) }
    }

    @Test func `what JSON cannot hold is an error that says where`() {
        #expect(throws: JSONEncodingError(path: ["b", "1"], message: "nan is no JSON number")) {
            try JSONValue(encoding: ["a": [1.0], "b": [1.0, .nan]])
        }
        #expect(throws: JSONEncodingError.self) { try JSONValue(encoding: -Float.infinity) }
        #expect(throws: JSONEncodingError.self) { try JSONValue(encoding: UInt64.max) }
        #expect(throws: Never.self) { try JSONValue(encoding: UInt64(Int64.max)) }
    }

    @Test func `a class and its superclass share an object or nest under super`() throws {
        let json = try JSONValue(encoding: Child(name: "x", count: 3))
        #expect(json == ["count": 3, "super": ["name": "x"]])
        let child = try json.decode(Child.self)
        #expect(child.name == "x" && child.count == 3)
    }

    @Test func `nested containers written out of order end in their places`() throws {
        let json = try JSONValue(encoding: Scattered())
        #expect(json == ["a": [1, [2], ["k": 3]], "b": ["x": true], "c": 4])
    }
}

private enum Shape: Codable, Equatable {
    case point
    case circle(radius: Double)
    case path([String])
}

/// `{"a": [number, {"x": number}, [number], null], "b": {"y": number}}`
private struct ByHand: Decodable {
    private enum Keys: CodingKey { case a, b, x, y }
    var numbers: [Int] = []
    var keys: [String] = []

    init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: Keys.self)
        keys = outer.allKeys.map(\.stringValue)
        var list = try outer.nestedUnkeyedContainer(forKey: .a)
        numbers.append(try list.decode(Int.self))
        let object = try list.nestedContainer(keyedBy: Keys.self)
        numbers.append(try object.decode(Int.self, forKey: .x))
        var inner = try list.nestedUnkeyedContainer()
        numbers.append(try inner.decode(Int.self))
        guard try list.decodeNil(), list.isAtEnd else {
            throw DecodingError.dataCorruptedError(in: list, debugDescription: "expected null")
        }
        let last = try outer.nestedContainer(keyedBy: Keys.self, forKey: .b)
        numbers.append(try last.decode(Int.self, forKey: .y))
    }
}

private class Parent: Codable {
    let name: String
    init(name: String) { self.name = name }
}

private final class Child: Parent {
    let count: Int
    private enum CodingKeys: CodingKey { case count }

    init(name: String, count: Int) {
        self.count = count
        super.init(name: name)
    }
    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        count = try container.decode(Int.self, forKey: .count)
        try super.init(from: try container.superDecoder())
    }
    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try super.encode(to: container.superEncoder())
    }
}

private struct Scattered: Encodable {
    private enum Keys: CodingKey { case a, b, c, x, k }

    func encode(to encoder: any Encoder) throws {
        var outer = encoder.container(keyedBy: Keys.self)
        var list = outer.nestedUnkeyedContainer(forKey: .a)
        var object = outer.nestedContainer(keyedBy: Keys.self, forKey: .b)
        try list.encode(1)
        var inner = list.nestedUnkeyedContainer()
        let late = list.superEncoder()
        try object.encode(true, forKey: .x)
        try inner.encode(2)
        var same = encoder.container(keyedBy: Keys.self)
        try same.encode(4, forKey: .c)
        var last = late.container(keyedBy: Keys.self)
        try last.encode(3, forKey: .k)
    }
}
