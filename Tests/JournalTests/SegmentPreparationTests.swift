import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

@Suite struct `The next segment` {
    static func configuration(_ storage: MemoryStorage) -> JournalConfiguration {
        var configuration = MemoryJournal(storage).configuration
        configuration.preparesSegments = true
        configuration.reserve = 4096
        configuration.segmentSize = 64 << 10
        return configuration
    }

    @Test func `is filled in the background and taken when it is needed`() throws {
        let storage = MemoryStorage()
        let writer = try JournalWriter(
            directory: MemoryJournal.directory, configuration: Self.configuration(storage))
        var number: UInt64 = 0
        // What is made when it is needed has 4096 bytes; only the background makes it larger.
        while storage.renamedSizes.allSatisfy({ $0 == 4096 }) {
            number += 1
            try #require(number < 20_000)
            _ = try writer.appendBlocking([draft(number)])
            sched_yield()
        }
        #expect(storage.renamedSizes.max() ?? 0 >= 8192)
        #expect(storage.renamedSizes.allSatisfy { $0 <= 64 << 10 })
        for _ in 0..<20 {
            number += 1
            _ = try writer.appendBlocking([draft(number)])
        }
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
