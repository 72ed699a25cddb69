import Testing

@testable import Millrace

/// The tape is a second way to read a payload: it gives what the first one gives, or leaves it to it.
struct JSONTapeTests {
    @Test(arguments: [
        "{}", "[]", "null", "true", "-0", "0", "-1", "12345678901234567890", "0.1", "1e3", "-2.50",
        "123456789012345.5", "0.30000000000000004", "\"\"", "\"a\\u00e9\\n\"", "\"ü€𝄞\"",
        " { \"a\" : [ 1 , 2.5 , { } ] , \"b\" : null } ", "{\"a\":{\"b\":[[],[\"x\"]]}}",
        "{\"a\":1.5,\"b\":-7,\"c\":18446744073709551616}", "[1,\"two\",3.0,false]",
    ])
    func `a text gives the same value both ways`(_ text: String) throws {
        let bytes = Array(text.utf8)
        let expected = try JSONValue(parsing: bytes)
        let tape = try #require(JSONTape(bytes))
        #expect(try tape.value(tape[0]) == expected)
        #expect(try JSONTapeDecoder(tape).value(JSONValue.self) == expected)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "1.", ".5", "1e", "+1", "1e999",
        "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "tru", "nulll", "{\"a\" 1}", "[1 2]", "1 2",
        "\"abc", "{\"a\":00}", "[-]", "[1.2.3]",
    ])
    func `what is no JSON gives no tape`(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        #expect(JSONTape(bytes) == nil)
    }

    @Test func `bytes that are not UTF-8, and too many levels, give no tape`() {
        #expect(JSONTape([0x22, 0xFF, 0x22]) == nil)
        #expect(JSONTape(Array(String(repeating: "[", count: 65).utf8)) == nil)
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(JSONTape(Array(deep.utf8)) != nil)
    }

    /// Every byte of some payloads replaced by others: both ways agree on what is JSON, and on what it
    /// says.
    @Test func `a damaged text is read the same both ways`() throws {
        let payload = Array(
            #"{"a":"x/%41.csv","n":[1,-20,3.25,1e2],"o":{"k":null,"t":true},"s":"\u00e9"}"#.utf8)
        for index in payload.indices {
            for byte in Array("{}[]:,\"\\0.9-eatn \u{1}".utf8) + [0x80, 0xFF] {
                var damaged = payload
                damaged[index] = byte
                let expected = try? JSONValue(parsing: damaged)
                guard let tape = JSONTape(damaged) else { continue }
                #expect(try tape.value(tape[0]) == expected)
                // Without the parser's help: the list is read from the tape alone.
                let numbers = PayloadMembers(tape).value("n", as: [Double].self)
                #expect(numbers == (try? expected?["n"]?.decode([Double].self)))
            }
        }
    }

    private struct Part: Codable, Equatable {
        var name: String
        var count: Int?
        var paths: [WorkspacePath]
        var digest: Digest
        var when: Timestamp
        var id: EventID
    }

    private enum Kind: String, Codable { case fast, slow }

    private struct Whole: Codable, Equatable {
        var parts: [Part]
        var byName: [String: Part]
        var byNumber: [Int: Double]
        var byKind: [Kind: UInt64]
        var kinds: [Kind]
        var none: Part?
        var free: JSONValue
        var small: UInt8
        var float: Float
        var nested: [[Bool?]]
    }

    @Test func `a structure with everything in it is decoded the same both ways`() throws {
        let digest = Digest(words: (1, 2, 3, .max))
        let path = try #require(WorkspacePath(bytes: Array("data/é b/1.csv".utf8)))
        let part = Part(
            name: "a \"quoted\" ü", count: nil, paths: [path], digest: digest,
            when: Timestamp(microseconds: 1), id: EventID(high: .max, low: 7))
        let whole = Whole(
            parts: [part, part], byName: ["x": part], byNumber: [-1: 0.5, 12: 3],
            byKind: [.slow: .max >> 1], kinds: [.fast, .slow], none: nil,
            free: ["x": [1, nil, 2.5, "y"]], small: 255, float: 0.1, nested: [[true, nil], []])
        let bytes = try JSONValue(encoding: whole).bytes
        let tape = try #require(JSONTape(bytes))
        #expect(try JSONValue(parsing: bytes).decode(Whole.self) == whole)
        // A dictionary by a type of one's own is left to the decoder of values.
        #expect(throws: (any Error).self) { try JSONTapeDecoder(tape).value(Whole.self) }
        var plain = whole
        plain.byKind = [:]
        let members = try JSONValue(encoding: plain).members?.filter { $0.key != "byKind" }
        let rest = try #require(JSONTape(JSONValue.object(members ?? []).bytes))
        #expect(try JSONTapeDecoder(rest, at: 0).value([String: JSONValue].self).count == 8)
        #expect(PayloadMembers(rest).value("parts") == whole.parts)
        #expect(PayloadMembers(rest).value("byName") == whole.byName)
        #expect(PayloadMembers(rest).value("byNumber") == whole.byNumber)
        #expect(PayloadMembers(rest).value("kinds") == whole.kinds)
        #expect(PayloadMembers(rest).value("free") == whole.free)
        #expect(PayloadMembers(rest).value("small") == whole.small)
        #expect(PayloadMembers(rest).value("float") == whole.float)
        #expect(PayloadMembers(rest).value("nested") == whole.nested)
        #expect(!PayloadMembers(rest).has("none"))
        #expect(PayloadMembers(rest).value("small", as: Int8.self) == nil)
    }

    @Test func `an arrived file is read the same both ways, with and without its rarer members`()
        throws
    {
        let path = try #require(WorkspacePath(escaped: "data/flights/a%20b.csv"))
        var file = FileArrived(
            change: .changed, path: path, previousPath: nil, size: 7,
            sha256: Digest(words: (4, 3, 2, 1)), uid: 1000,
            identity: FileIdentity(
                device: 1, inode: .max >> 1, modified: -5, changed: 6, gid: 7, mode: 0o644),
            area: Area(of: path))
        for _ in 0..<3 {
            let value = try JSONValue(parsing: file.bytes)
            let tape = try #require(JSONTape(file.bytes))
            let found = try JSONTapeDecoder(tape).value(FileArrived.self)
            #expect(try JSONValue(encoding: found) == value)
            #expect(try JSONValue(encoding: value.decode(FileArrived.self)) == value)
            if file.set == nil {
                file.set = DropSet(directory: path, number: 1, count: 2)
            } else {
                file.previousPath = path
            }
        }
    }

    @Test func `members of an older layout are those of the current one`() throws {
        let payload = Array(
            #"{"dataset":"f","version":3,"digest":"\#(String(repeating: "0", count: 64))","files":[],"added":["data/f/1.csv"],"rows":0}"#
                .utf8)
        let event = Event(
            sequence: 1, id: EventID(high: 0, low: 1), type: DatasetVersionCreated.type, version: 1,
            subject: .dataset("f"), time: Timestamp(microseconds: 0), actor: .system,
            causation: nil, correlation: EventID(high: 0, low: 1), payload: payload)
        let members = try #require(event.members(of: DatasetVersionCreated.self))
        #expect(members.value("version") == 3)
        #expect(members.members("files")?.value("count") == 0)
        var paths: [String] = []
        members.forEach(in: "changes") { paths += $0.text("path").map { [$0] } ?? [] }
        #expect(paths == ["data/f/1.csv"])
        #expect(event.members(of: DataAccepted.self) == nil)
    }
}
