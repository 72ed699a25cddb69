import Checksums
import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization
import Testing

/// Whatever lies beside the segments, a reader answers as one that reads them from end to end.
@Suite struct `The index of a journal` {
    /// A journal of several segments with random batches, ids, correlations, subjects and times.
    static func journal(_ seed: UInt64, batches: Int = 24) throws -> MemoryJournal {
        var random = Seeded(seed)
        var journal = MemoryJournal(segmentSize: 6000)
        let time = Mutex<Int64>(1_800_000_000_000_000)
        let steps = Mutex(Seeded(seed + 1))
        journal.configuration.clock = {
            let step = steps.withLock { Int64.random(in: 0...2, using: &$0) }
            return Timestamp(
                microseconds: time.withLock {
                    $0 += step * 1_000_000; return $0
                })
        }
        let writer = try journal.open()
        for _ in 0..<batches {
            let count = Int.random(in: 1...3, using: &random)
            _ = try writer.appendBlocking((0..<count).map { _ in Self.draft(&random) })
        }
        // As a kill leaves it: the watermark of a good end would begin a segment of its own.
        let copy = journal.storage.copy()
        try writer.close()
        return MemoryJournal(copy, segmentSize: 6000)
    }

    static func draft(_ random: inout Seeded) -> EventDraft {
        let names = ["flights", "a\"b", "r\u{e9}sum\u{e9}", "x/y", ""]
        let size = Int.random(in: 0...400, using: &random)
        return EventDraft(
            id: EventID(high: .random(in: 0...9, using: &random) << 60, low: random.next()),
            type: "data.accepted", version: 1,
            subject: Subject("dataset", names.randomElement(using: &random) ?? ""),
            actor: .plugin("validator"), causation: nil,
            correlation: EventID(high: 5, low: .random(in: 0...12, using: &random)),
            payload: Array("\"\(String(repeating: "x", count: size))\"".utf8))
    }

    /// Compares every answer with what reading from end to end gives.
    static func compare(
        _ reader: JournalReader, _ what: String = "", location: SourceLocation = #_sourceLocation
    ) throws {
        let all = try reader.all()
        func check(_ key: IndexKey, _ isWanted: (Event) -> Bool) throws {
            let cursor = try reader.records(with: key)
            var found: [UInt64] = []
            while let event = try cursor.nextEvent() { found.append(event.sequence) }
            #expect(
                found == all.filter(isWanted).map(\.sequence), "\(what) \(key)",
                sourceLocation: location)
        }
        for id in Set(all.map(\.correlation)) {
            try check(.correlation(id)) { $0.correlation == id }
        }
        for subject in Set(all.map(\.subject)) {
            try check(.subject(subject)) { $0.subject == subject }
        }
        for event in all where event.sequence % 5 == 1 {
            try check(.id(event.id)) { $0.id == event.id }
        }
        for digit in ["0", "5", "a0"] {
            let key = try #require(IndexKey(idPrefix: digit))
            try check(key) { $0.id.description.hasPrefix(digit) }
        }
        try check(.id(EventID(high: 77, low: 0))) { _ in false }
        try check(.subject(.model("none"))) { _ in false }
        for sequence in 1...UInt64(all.count) + 2 {
            let event = try reader.cursor(from: sequence).nextEvent()
            #expect(
                event == all.first { $0.sequence >= sequence }, "\(what)", sourceLocation: location)
        }
        for event in all where event.sequence % 4 == 0 {
            for step in [-1, 0, 1] as [Int64] {
                let time = Timestamp(microseconds: event.time.microseconds + step)
                #expect(
                    try reader.sequence(at: time) == all.first { $0.time >= time }?.sequence,
                    "\(what)", sourceLocation: location)
            }
        }
    }

    static func indexes(_ storage: MemoryStorage) -> [FilePath] {
        storage.files().filter { $0.description.hasSuffix(".index") }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `answers as the records do, and so do those who have none`(seed: UInt64) throws {
        let journal = try Self.journal(seed)
        try Self.compare(journal.reader, "without")
        try JournalIndexes.make(
            in: MemoryJournal.directory, pieceSize: 1500, storage: journal.storage)
        let segments = try journal.layout().count
        let indexes = Self.indexes(journal.storage)
        #expect(indexes.count >= segments, "\(indexes)")
        try Self.compare(journal.reader, "with")
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `may be missing, damaged, cut short, or another's`(seed: UInt64) throws {
        let journal = try Self.journal(seed, batches: 16)
        let other = try Self.journal(seed + 100, batches: 16)
        for each in [journal, other] {
            try JournalIndexes.make(
                in: MemoryJournal.directory, pieceSize: 1500, storage: each.storage)
        }
        var random = Seeded(seed)
        for path in Self.indexes(journal.storage) {
            let bytes = try #require(journal.storage.contents(path))
            func compare(_ what: String, _ change: (MemoryStorage) -> Void) throws {
                let copy = journal.storage.copy()
                change(copy)
                try Self.compare(MemoryJournal(copy).reader, "\(path) \(what)")
            }
            try compare("missing") { $0.remove(path) }
            try compare("cut short") { $0.replace(path, with: Array(bytes.dropLast(7))) }
            try compare("empty") { $0.replace(path, with: []) }
            if let another = other.storage.contents(path) {
                try compare("another's") { $0.replace(path, with: another) }
            }
            for _ in 0..<4 {
                let bit = Int.random(in: 0..<bytes.count * 8, using: &random)
                try compare("bit \(bit)") { $0.flip(path, bit: bit) }
            }
        }
    }

    @Test func `cannot name a record that has another key`() throws {
        let journal = try Self.journal(3)
        try JournalIndexes.make(
            in: MemoryJournal.directory, pieceSize: 1500, storage: journal.storage)
        for path in Self.indexes(journal.storage) {
            let bytes = try #require(journal.storage.contents(path))
            let forged = Self.forged(bytes)
            #expect(forged != bytes)
            journal.storage.replace(path, with: forged)
        }
        try Self.compare(journal.reader)
    }

    /// An index with right checksums whose entries name the record before.
    private static func forged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        func number(_ at: Int, _ count: Int) -> Int {
            bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        func put(_ value: UInt32, _ at: Int) {
            for index in 0..<4 { bytes[at + index] = UInt8(value >> (8 * index) & 255) }
        }
        for table in 1...3 {
            let at = 120 + table * 24
            let (directory, count) = (number(at, 8), number(at + 8, 8))
            for entry in 0..<count {
                let entryAt = directory + entry * 32
                let (block, length) = (number(entryAt + 16, 8), number(entryAt + 24, 4))
                var position = block
                var places: [Int] = []
                while position < block + length {
                    let records = number(position + 16, 4)
                    places += (0..<records).map { position + 20 + $0 * 4 }
                    position += 20 + records * 4
                }
                let values = places.map { UInt32(number($0, 4)) }
                for (index, place) in places.enumerated() {
                    put(values[(index + 1) % values.count], place)
                }
                put(CRC32C.checksum(Array(bytes[block..<block + length])), entryAt + 28)
            }
            put(CRC32C.checksum(Array(bytes[directory..<directory + count * 32])), at + 16)
        }
        put(CRC32C.checksum(Array(bytes[12..<256])), 8)
        return bytes
    }

    @Test func `is made while the journal grows, and answers at any moment`() throws {
        let storage = MemoryStorage()
        var configuration = MemoryJournal(storage, segmentSize: 6000).configuration
        configuration.makesIndexes = true
        configuration.indexPiece = 1500
        var random = Seeded(9)
        let writer = try JournalWriter(
            directory: MemoryJournal.directory, configuration: configuration)
        let reader = MemoryJournal(storage).reader
        for round in 0..<6 {
            for _ in 0..<10 { _ = try writer.appendBlocking([Self.draft(&random)]) }
            try Self.compare(reader, "an old reader, round \(round)")
            try Self.compare(MemoryJournal(storage).reader, "a new one, round \(round)")
        }
        let sealed = try MemoryJournal(storage).layout().dropLast()
        try #require(sealed.count > 2)
        func isMade() -> Bool {
            sealed.allSatisfy { segment in
                let name = segment.path.name.description.dropLast(6)
                let names = storage.files().map(\.name.description)
                return names.contains("\(name).index")
                    && !names.contains { $0.hasPrefix("\(name)-") }
            }
        }
        while !isMade() { sched_yield() }
        try writer.close()
        try Self.compare(MemoryJournal(storage).reader)
        // What a kill left half made, or of segments that are gone, goes at the next start.
        storage.replace(MemoryJournal.path("index.tmp"), with: [1])
        storage.replace(MemoryJournal.path("00000000000000000009.index"), with: [1])
        let again = try JournalWriter(
            directory: MemoryJournal.directory, configuration: configuration)
        while storage.contents(MemoryJournal.path("00000000000000000009.index")) != nil {
            sched_yield()
        }
        try again.close()
        #expect(storage.contents(MemoryJournal.path("index.tmp")) == nil)
    }

    @Test func `is not made of a segment that is damaged`() throws {
        let journal = try Self.journal(5)
        let segment = try #require(try journal.layout().first)
        journal.storage.flip(segment.path, bit: (segment.records[1].range.lowerBound + 400) * 8)
        try JournalIndexes.make(in: MemoryJournal.directory, storage: journal.storage)
        let name = segment.path.description.dropLast(6)
        #expect(journal.storage.contents(FilePath("\(name).index")) == nil)
        #expect(throws: JournalError.self) {
            _ = try journal.reader.records(with: .subject(.model("none"))).next()
        }
        // Who passes over damage finds everything else.
        let reader = JournalReader(
            directory: MemoryJournal.directory, damage: .skip { _ in }, storage: journal.storage)
        try Self.compare(reader)
    }

    @Test func `costs the writer nothing where it cannot be written`() throws {
        let storage = MemoryStorage()
        var configuration = MemoryJournal(storage, segmentSize: 6000).configuration
        configuration.makesIndexes = true
        storage.refuse(MemoryJournal.path("index.tmp"), times: .max)
        let writer = try JournalWriter(
            directory: MemoryJournal.directory, configuration: configuration)
        var random = Seeded(2)
        for _ in 0..<60 { _ = try writer.appendBlocking([Self.draft(&random)]) }
        try writer.close()
        #expect(Self.indexes(storage).isEmpty)
        try Self.compare(MemoryJournal(storage).reader)
    }

    @Test func `holds the seal of a segment, which a verification compares`() throws {
        let journal = try Self.journal(7)
        func seals() throws -> SealReport {
            let report = try JournalVerifier.verify(
                MemoryJournal.directory, seals: true, threads: 1, storage: journal.storage)
            return try #require(report.seals)
        }
        #expect(try seals() == SealReport())
        try JournalIndexes.make(in: MemoryJournal.directory, storage: journal.storage)
        let layout = try journal.layout()
        #expect(try seals().matching == layout.count - 1)
        // An index is derived: beside a whole segment a wrong one is made again.
        let segment = layout[1]
        let index = FilePath("\(segment.path.description.dropLast(6)).index")
        let name = index.name.description
        for bit in [30, 90 * 8, 600 * 8] {
            journal.storage.flip(index, bit: bit)
            #expect(try seals().rebuilt == [name])
            #expect(try seals().matching == layout.count - 1)
        }
        journal.storage.flip(index, bit: 30)
        journal.storage.refuse(MemoryJournal.path("index.tmp-\(getpid())"), times: 1)
        #expect(try seals().wrong == [name])
        #expect(try seals().rebuilt == [name])
        // Damage is named as ever, and the seal says of which segment.
        journal.storage.flip(segment.path, bit: (segment.records[1].range.lowerBound + 330) * 8)
        #expect(try seals().broken == [segment.path.name.description])
        #expect(try seals().matching == layout.count - 2)
        #expect(try journal.verify().damages.count == 1)
    }
}
