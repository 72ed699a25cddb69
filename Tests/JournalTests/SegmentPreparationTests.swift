import Glibc
import Journal
import LinuxSystem
import Millrace
import Testing

@Suite struct `The next segment` {
    static func configuration(_ storage: MemoryStorage) -> JournalConfiguration {
        var configuration = MemoryJournal(storage).configuration
        configuration.preparesSegments = true
        configuration.reserve = 4096
        configuration.segmentSize = 64 << 10
        return configuration
    }

    @Test func `is filled in the background, twice as large, and taken when it is needed`() throws {
        let storage = MemoryStorage()
        let next = MemoryJournal.path("next.tmp")
        let writer = try JournalWriter(
            directory: MemoryJournal.directory, configuration: Self.configuration(storage))
        var number: UInt64 = 0
        while storage.contents(next)?.count != 8192 {
            number += 1
            _ = try writer.appendBlocking([draft(number)])
            try #require(number < 1000)
            sched_yield()
        }
        while storage.files().contains(next) {
            number += 1
            _ = try writer.appendBlocking([draft(number)])
            try #require(number < 1000)
        }
        // The file was there in full size before its first record.
        let segments = storage.files().filter { $0.string.hasSuffix(".jsonl") }
        #expect(segments.count == 2)
        #expect(storage.contents(segments[1])?.count == 8192)
        let half = storage.contents(segments[1])?.suffix(4096)
        #expect(half?.allSatisfy { $0 == UInt8(ascii: "\n") } == true)
        try writer.close()
        #expect(try MemoryJournal(storage).reader.all().count == Int(number) + 1)
        #expect(try MemoryJournal(storage).verify().isOK)
    }

    @Test func `is made when it is needed where the background could not`() throws {
        let storage = MemoryStorage()
        var configuration = Self.configuration(storage)
        configuration.segmentSize = 8192
        let writer = try JournalWriter(
            directory: MemoryJournal.directory, configuration: configuration)
        _ = try writer.appendBlocking([draft(1)])
        storage.refuse(MemoryJournal.path("next.tmp"), times: 1)
        for number in 2...200 as ClosedRange<UInt64> {
            _ = try writer.appendBlocking([draft(number)])
        }
        try writer.close()
        #expect(storage.refusals == 0)
        #expect(try MemoryJournal(storage).reader.all().count == 201)
        #expect(try MemoryJournal(storage).verify().isOK)
    }

    @Test func `is not written to by a writer that was closed`() throws {
        let storage = MemoryStorage()
        var number: UInt64 = 0
        for _ in 0..<40 {
            let writer = try JournalWriter(
                directory: MemoryJournal.directory, configuration: Self.configuration(storage))
            for _ in 0..<UInt64(9) {
                number += 1
                _ = try writer.appendBlocking([draft(number)])
            }
            try writer.close()
            let calls = storage.calls
            sched_yield()
            #expect(storage.calls == calls)
        }
        let events = try MemoryJournal(storage).reader.all()
        #expect(events.filter { $0.type == "data.accepted" }.map(\.id.low) == Array(1...number))
    }
}
