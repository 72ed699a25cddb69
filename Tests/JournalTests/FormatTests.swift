import Checksums
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

@Suite struct `The format` {
    /// A line as it was written once, and as it must be read for ever.
    static let golden =
        #"{"crc":"CRC","length":"00000533","sequence":"00000000000000000001","#
        + #""durable":"00000000000000000000","time":"2027-01-15T08:00:00.000000Z","#
        + #""batch":"00001/00001","correlationid":"00000000000000070000000000000001","#
        + #""previous":"0000000000000000000000000000000000000000000000000000000000000000","#
        + #""type":"data.accepted","specversion":"1.0","#
        + #""id":"00000000000000070000000000000001","source":"millrace/plugin/validator","#
        + #""subject":"dataset/flights","actor":"plugin:validator","dataversion":"1","#
        + #""datacontenttype":"application/json","data":1}"#

    @Test func `is the one that is described, byte by byte`() throws {
        let journal = MemoryJournal()
        try journal.fill([1])
        let line = try #require(try journal.reader.cursor().next()).line
        let text = String(decoding: line, as: UTF8.self)
        let crc = text.dropFirst(8).prefix(8)
        #expect(text == Self.golden.replacing("CRC", with: crc))
        #expect(text.utf8.count + 1 == 533)
        // The members by their offsets, as a stranger's scanner would take them.
        func field(_ offset: Int, _ width: Int) -> String {
            String(decoding: line[offset..<offset + width], as: UTF8.self)
        }
        #expect(field(28, 8) == "00000533")
        #expect(field(50, 20) == "00000000000000000001")
        #expect(field(83, 20) == "00000000000000000000")
        #expect(field(113, 27) == "2027-01-15T08:00:00.000000Z")
        #expect(field(151, 11) == "00001/00001")
        #expect(field(181, 32) == "00000000000000070000000000000001")
        #expect(field(227, 64) == String(repeating: "0", count: 64))
        #expect(field(301, 13) == "data.accepted")
    }

    @Test func `has a head file of two lines of JSON`() throws {
        let journal = MemoryJournal()
        try journal.fill([1, 1])
        let bytes = try #require(journal.storage.contents(MemoryJournal.path("head")))
        #expect(bytes.count == 1024)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 2)
        let head = try journal.reader.head()
        for line in lines {
            let value = try JSONValue(parsing: Array(line.utf8))
            #expect(value["hash"]?.stringValue?.count == 64)
            #expect(value["epoch"]?.stringValue == "00000000000000000001")
        }
        #expect(lines.contains { $0.contains("\"hash\":\"\(head.hash)\"") })
    }

    @Test(arguments: [
        #"{"a":1"#, "{\"a\":\n1}", "{'a':1}", "01", "1 2", "", "[1,]", "nul", "\"\u{1}\"",
        String(repeating: "[", count: 200) + String(repeating: "]", count: 200),
    ])
    func `takes no payload that is not one line of JSON`(payload: String) throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        #expect(throws: JournalError.self) {
            try writer.appendBlocking([draft(1), draft(2, payload: payload)])
        }
        try writer.close()
        #expect(try journal.reader.all().isEmpty)
    }

    @Test func `takes a payload's strings whole, wherever a byte in one needs a look`() throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        var taken: [String] = []
        for before in 0...17 {
            for (text, isGood) in [
                ("\\n", true), ("\\\"", true), ("\u{e9}\u{7f}", true), ("\u{1f}", false),
                ("\"", false),
                ("\\x", false), ("\u{e9}\n", false),
            ] {
                let payload = "\"" + String(repeating: "x", count: before) + text + "yyyyyyyyy\""
                if isGood {
                    _ = try writer.appendBlocking([draft(1, payload: payload)])
                    taken.append(payload)
                } else {
                    #expect(throws: JournalError.self, "\(payload)") {
                        try writer.appendBlocking([draft(1, payload: payload)])
                    }
                }
            }
        }
        try writer.close()
        let read = try journal.reader.all().map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(read.dropLast() == taken[...])
    }

    @Test func `is refused without a trap wherever a line with the right checksum ends`() throws {
        let journal = MemoryJournal()
        try journal.fill([1])
        let line = try #require(try journal.reader.cursor().next()).line
        for end in 421...line.count {
            let record = RawRecord(parsing: Self.sealed(Array(line[..<end])), segment: 1)
            #expect(record != nil, "cut at \(end)")
            let event = try? record?.event()
            #expect((event != nil) == (end == line.count), "cut at \(end)")
            let payload = record?.withPayload { $0.count } ?? 0
            #expect(payload <= 1)
        }
    }

    @Test func `holds nothing before the payload that could be taken for it`() throws {
        let journal = MemoryJournal()
        try journal.fill([1])
        let line = try #require(try journal.reader.cursor().next()).line
        let text = String(decoding: line, as: UTF8.self)
        func event(_ member: String) -> Event? {
            let changed = text.replacing(",\"data\":", with: ",\"x\":\(member),\"data\":")
            return try? RawRecord(parsing: Self.sealed(Array(changed.utf8)), segment: 1)?.event()
        }
        #expect(event("\"a string\"")?.payload == Array("1".utf8))
        #expect(event("true")?.payload == Array("1".utf8))
        #expect(event("{\"a\":1,\"data\":2}") == nil)
        #expect(event("[1]") == nil)
        #expect(event(" {\"a\":1,\"data\":2}") == nil)
    }

    @Test func `is refused where a byte between the fixed places is another`() throws {
        let journal = MemoryJournal()
        try journal.fill([1])
        let line = try #require(try journal.reader.cursor().next()).line
        func isRecord(_ change: (inout [UInt8]) -> Void) -> Bool {
            var changed = line
            change(&changed)
            return RawRecord(parsing: Self.sealed(changed), segment: 1) != nil
        }
        #expect(isRecord { _ in })
        // Member and value of each fixed place, the value's digits apart.
        let values = [
            8..<16, 28..<36, 50..<70, 83..<103, 113..<140, 151..<162, 181..<213, 227..<291,
        ]
        for index in 0..<301 where !values.contains(where: { $0.contains(index) }) {
            #expect(!isRecord { $0[index] ^= 1 }, "byte \(index)")
        }
        for index in [50, 53, 54, 69, 151, 155, 156, 157, 161] {
            #expect(!isRecord { $0[index] = UInt8(ascii: ":") }, "byte \(index)")
            #expect(!isRecord { $0[index] = UInt8(ascii: "/") } || index == 156, "byte \(index)")
        }
        func counts(_ batch: String) -> Bool {
            isRecord { $0.replaceSubrange(151..<162, with: Array(batch.utf8)) }
        }
        #expect(counts("00001/00010") && counts("00010/00010") && counts("00999/12345"))
        #expect(!counts("00000/00001") && !counts("00002/00001") && !counts("10000/09999"))
    }

    @Test func `finds the payload at every distance from the type`() throws {
        for length in 1...40 {
            let journal = MemoryJournal()
            let writer = try journal.open()
            let subject = Subject("d", String(repeating: ",", count: length) + "\"data\":")
            for payload in ["7", "{\"a\":[1,2],\"data\":3}"] {
                _ = try writer.appendBlocking([draft(1, subject: subject, payload: payload)])
            }
            try writer.close()
            let cursor = try journal.reader.cursor()
            for payload in ["7", "{\"a\":[1,2],\"data\":3}"] {
                let record = try #require(try cursor.next())
                #expect(record.withPayload { Array($0) } == Array(payload.utf8))
                #expect(record.isType("data.accepted"))
                #expect(!record.isType("data.accepte") && !record.isType("data.accepted."))
            }
        }
    }

    /// The line with its newline, and with the length and the checksum that belong to it.
    private static func sealed(_ line: [UInt8]) -> [UInt8] {
        var bytes = line + [10]
        bytes.replaceSubrange(28..<36, with: Array("00000\(bytes.count)".utf8))
        let crc = String(CRC32C.checksum(Array(bytes[16..<line.count])), radix: 16)
        let digits = String(repeating: "0", count: 8 - crc.utf8.count) + crc
        bytes.replaceSubrange(8..<16, with: Array(digits.utf8))
        return bytes
    }

    @Test func `takes no draft that a reader could not give back`() throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        var bad: [EventDraft] = []
        bad.append(draft(1, type: ""))
        bad.append(draft(1, type: "with \"quotes\""))
        bad.append(draft(1, type: String(repeating: "t", count: 256)))
        bad.append(draft(1, subject: Subject("", "")))
        bad.append(draft(1, subject: Subject("a/b", "c")))
        bad.append(draft(1, subject: Subject("a", String(repeating: "s", count: 5000))))
        bad.append(draft(1, payload: "\"\(String(repeating: "x", count: 1 << 20))\""))
        var zero = draft(1)
        zero.version = 0
        bad.append(zero)
        for draft in bad {
            #expect(throws: JournalError.self) { try writer.appendBlocking([draft]) }
        }
        #expect(throws: JournalError.self) { try writer.appendBlocking([]) }
        _ = try writer.appendBlocking([draft(1)])
        try writer.close()
        #expect(try journal.reader.all().count == 2)
    }

    @Test func `names every actor in a URI reference`() throws {
        let journal = MemoryJournal()
        let writer = try journal.open()
        for actor in [Actor.system, .user(1000), .plugin("we ird/é")] {
            var draft = draft(1)
            draft.actor = actor
            _ = try writer.appendBlocking([draft])
        }
        try writer.close()
        let cursor = try journal.reader.cursor()
        var sources: [String] = []
        while let record = try cursor.next() {
            let value = try JSONValue(parsing: record.line)
            sources.append(value["source"]?.stringValue ?? "none")
        }
        #expect(
            sources == [
                "millrace", "millrace/user/1000", "millrace/plugin/we%20ird%2f%c3%a9", "millrace",
            ])
        #expect(
            try journal.reader.all().map(\.actor) == [
                .system, .user(1000), .plugin("we ird/é"), .system,
            ])
    }
}
