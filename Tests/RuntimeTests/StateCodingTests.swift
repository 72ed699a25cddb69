import Millrace
import Testing

@testable import Runtime

private struct Part: Codable, Equatable {
    enum Kind: String, Codable { case red, green }
    var name: String
    var kind: Kind
    var number: Int
    var large: UInt64
    var share: Double
    var digest: Digest
    var path: WorkspacePath
    var time: Timestamp
    var id: EventID
    var json: JSONValue
    var maybe: Int?
    var list: [Int8?]
    var byPath: [WorkspacePath: Digest]
    var byNumber: [Int: [String: Bool]]
    var set: Set<UInt64>
    var bytes: [UInt8]
}

/// Writes its containers in an order of its own.
private struct Interleaved: Codable, Equatable {
    var a: [Int]
    var b: Int

    enum CodingKeys: CodingKey { case a, b }

    init(a: [Int], b: Int) { (self.a, self.b) = (a, b) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        var list = container.nestedUnkeyedContainer(forKey: .a)
        try list.encode(a.count)
        try container.encode(b, forKey: .b)
        for number in a { try list.encode(number) }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        b = try container.decode(Int.self, forKey: .b)
        var list = try container.nestedUnkeyedContainer(forKey: .a)
        let count = try list.decode(Int.self)
        a = []
        for _ in 0..<min(count, 100) { a.append(try list.decode(Int.self)) }
    }
}

@Suite struct `A state as bytes` {
    private func part(_ number: Int) throws -> Part {
        let path = try #require(WorkspacePath(bytes: [0xFF, 65, UInt8(1 + number % 40)]))
        let digest = Digest(words: (UInt64(number), 0, .max, 7))
        return Part(
            name: "\(number) r\u{e9}sum\u{e9}", kind: number % 2 == 0 ? .red : .green,
            number: number % 3 == 0 ? .min : -number, large: .max - UInt64(number),
            share: Double(number) / 3, digest: digest, path: path,
            time: Timestamp(microseconds: -5), id: EventID(high: 1, low: .max),
            json: ["a": [1, 2.5, nil, "x"]], maybe: number % 2 == 0 ? nil : 3,
            list: [nil, 1, -128], byPath: [path: digest], byNumber: [1: ["x": true], -2: [:]],
            set: [1, .max], bytes: [0, 255])
    }

    @Test func `is read back as it was`() throws {
        let parts = try (0..<20).map { try part($0) }
        let bytes = try encodeState(parts)
        #expect(try decodeState([Part].self, from: bytes) == parts)
        let odd = Interleaved(a: [3, 1, 2], b: 9)
        #expect(try decodeState(Interleaved.self, from: encodeState(odd)) == odd)
        #expect(try decodeState([String: Int].self, from: encodeState([String: Int]())) == [:])
    }

    @Test func `that is cut short or changed is an error or another state, never a trap`() throws {
        let bytes = try encodeState(try [part(1), part(2)])
        for count in 0..<bytes.count {
            #expect(throws: (any Error).self) {
                try decodeState([Part].self, from: Array(bytes.prefix(count)))
            }
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                _ = try? decodeState([Part].self, from: changed)
            }
        }
    }
}
