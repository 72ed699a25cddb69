import Journal
import LinuxSystem
import Millrace
import Testing

@Suite struct `What is appended is read back` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `every member of every event comes back, in order, over a restart`() async throws {
        let odd = EventDraft(
            id: EventID(high: .max, low: 0), type: "x", version: 12,
            subject: Subject("dataset", "a \"quoted\" \\ name\u{7f}\n/with/slashes \u{1F600}"),
            actor: .plugin("we ird/é"), causation: nil, correlation: nil,
            payload: Array(#"[null,true,-1.5e+3,"\u00e9\n",{"crc":"00000000"}]"#.utf8))
        let person = EventDraft(
            id: EventID(high: 1, low: 2), type: "model.approved", subject: .workspace,
            actor: .user(1000), payload: Array("0".utf8))
        let writer = try JournalWriter(directory: folder.path, configuration: smallConfiguration())
        var events = try await writer.append([draft(1), odd])
        events += try await writer.append([person])
        try writer.close()
        #expect(events.map(\.sequence) == [1, 2, 3])
        #expect(events.map(\.id) == [draft(1).id, odd.id, person.id])
        #expect(events[1].subject == odd.subject)

        let again = try JournalWriter(directory: folder.path, configuration: smallConfiguration())
        #expect(again.recovery.cut == nil)
        #expect(again.recovery.head.sequence == 4)
        events += try again.appendBlocking([draft(5)])
        try again.close()

        let read = try JournalReader(directory: folder.path).all()
        #expect(read.filter { !$0.type.hasPrefix("journal.") } == events)
        #expect(read.map(\.sequence) == [1, 2, 3, 4, 5, 6])
        #expect(read[3].type == "journal.watermark")
        #expect(read[5].type == "journal.watermark")
        let report = try JournalVerifier.verify(folder.path)
        #expect(report.isOK, "\(report.damages)")
        #expect(report.records == 6)
    }

    @Test func `the router hears of each batch in order before its caller is answered`()
        async throws
    {
        let writer = try JournalWriter(directory: folder.path, configuration: smallConfiguration())
        let heard = Heard()
        writer.onCommit = { heard.add($0) }
        for number in 1...20 as ClosedRange<UInt64> {
            let events = try await writer.append([draft(number), draft(number + 100)])
            #expect(heard.events.suffix(2) == events[...])
        }
        try writer.close()
        #expect(heard.events.map(\.sequence) == Array(1...41))
    }

    @Test func `segments roll by size and read as one log`() async throws {
        var configuration = smallConfiguration()
        configuration.segmentSize = 8192
        let writer = try JournalWriter(directory: folder.path, configuration: configuration)
        for number in 1...100 as ClosedRange<UInt64> {
            _ = try await writer.append([draft(number)])
        }
        try writer.close()
        let segments = try Files.names(in: folder.path).filter { $0.string.hasSuffix(".jsonl") }
        #expect(segments.count > 5)
        let read = try JournalReader(directory: folder.path).all()
        #expect(read.map(\.sequence) == Array(1...101))
        #expect(try JournalVerifier.verify(folder.path).isOK)
        let cursor = try JournalReader(directory: folder.path).cursor(from: 57)
        #expect(try cursor.next()?.sequence == 57)
    }

    @Test func `one writer at a time`() throws {
        let first = try JournalWriter(directory: folder.path, configuration: smallConfiguration())
        #expect(throws: JournalError.self) {
            try JournalWriter(directory: folder.path, configuration: smallConfiguration())
        }
        try first.close()
        try JournalWriter(directory: folder.path, configuration: smallConfiguration()).close()
    }
}
