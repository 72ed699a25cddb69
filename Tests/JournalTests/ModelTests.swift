import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

/// SplitMix64: the same seed gives the same run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// Random sequences of append, roll, close, kill, power cut and read, compared with the list of
/// what was acknowledged.
@Suite struct `The journal does what a list does` {
    static let directory = FilePath("log")

    static func configuration(
        _ storage: MemoryStorage, prepares: Bool = false
    ) -> JournalConfiguration {
        var configuration = JournalConfiguration()
        configuration.storage = storage
        configuration.preparesSegments = prepares
        configuration.makesIndexes = prepares
        configuration.indexPiece = 1500
        configuration.segmentSize = 6000
        configuration.reserve = 2048
        configuration.quietMilliseconds = nil
        return configuration
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>, [false, true])
    func `whatever the order of appends, restarts, kills and power cuts`(
        seed: UInt64, prepares: Bool
    ) throws {
        var random = Seeded(seed)
        var storage = MemoryStorage()
        // The model: what was acknowledged, in order.
        var acknowledged: [EventID] = []
        var number: UInt64 = 0
        for _ in 0..<12 {
            let writer = try JournalWriter(
                directory: Self.directory,
                configuration: Self.configuration(storage, prepares: prepares))
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let batch = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    number += 1
                    let size = Int.random(in: 0...900, using: &random)
                    return draft(
                        number, payload: "\"\(String(repeating: "x", count: size))\"")
                }
                let events = try writer.appendBlocking(batch)
                acknowledged += events.map(\.id)
            }
            try compare(storage, acknowledged)
            switch Int.random(in: 0...2, using: &random) {
            case 0:
                try writer.close()
            case 1:
                storage = storage.copy()
                try writer.close()
            default:
                storage = storage.powerCut(&random)
                try writer.close()
            }
            try compare(storage, acknowledged)
        }
    }

    @Test func `and a journal that does not sync is caught by the first power cuts`() throws {
        var random = Seeded(1)
        var caught = 0
        for _ in 0..<20 {
            let storage = MemoryStorage()
            let writer = try JournalWriter(
                directory: Self.directory, configuration: Self.configuration(storage))
            storage.lieAboutSyncs()
            _ = try writer.appendBlocking([draft(1)])
            let after = storage.powerCut(&random)
            try writer.close()
            let events = (try? JournalReader(directory: Self.directory, storage: after).all()) ?? []
            if events.isEmpty { caught += 1 }
        }
        #expect(caught > 0)
    }

    private func compare(_ storage: MemoryStorage, _ acknowledged: [EventID]) throws {
        let events = try JournalReader(directory: Self.directory, storage: storage).all()
        #expect(zip(events, 1...).allSatisfy { $0.sequence == $1 })
        let ours = events.filter { !$0.type.hasPrefix("journal.") }
        #expect(ours.count == acknowledged.count)
        #expect(zip(ours, acknowledged).allSatisfy { $0.id == $1 })
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.time <= $1.time })
        let report = try JournalVerifier.verify(Self.directory, threads: 1, storage: storage)
        #expect(report.isOK, "\(report.damages)")
    }
}
