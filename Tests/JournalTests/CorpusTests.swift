import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

/// What the fuzzer starts from, and what it once tripped over.
@Suite struct `The corpus of the fuzzer` {
    static let folder = FilePath(#filePath).parent.parent.appending("Fuzzing/JournalCorpus")

    static func inputs() throws -> [(name: String, bytes: [UInt8])] {
        try Files.names(in: folder).map {
            ($0.description, try Files.read(folder.appending($0), limit: 1 << 20))
        }
    }

    @Test func `traps nowhere, as a record and as a segment`() throws {
        let inputs = try Self.inputs()
        #expect(inputs.count > 5)
        for (name, input) in inputs {
            let bytes = Array(input.dropFirst())
            if let record = RawRecord(parsing: bytes, segment: 1), let event = try? record.event() {
                #expect(record.withPayload { Array($0) } == event.payload, "\(name)")
            }
            let journal = MemoryJournal()
            journal.storage.replace(MemoryJournal.path(SegmentName.of(1)), with: bytes)
            let shown = try journal.salvage().sequences.count
            #expect(shown <= Int(try journal.verify().records), "\(name)")
        }
    }
}
