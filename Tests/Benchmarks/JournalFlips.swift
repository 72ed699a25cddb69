import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Synchronization

/// `journal flips`: every bit of a journal of about 64 KB flipped, one at a time, and the journal cut
/// at every offset. Each is to be noticed and named, every record that is whole is to be readable,
/// and a tail that was never acknowledged is to be cut without an alarm.
struct JournalFlips: Sendable {
    private static let directory = FilePath("flips")
    private let disk: MemoryStorage
    private let records: [Place]
    private let segments: [(path: FilePath, size: Int)]

    private struct Place: Sendable {
        let path: FilePath
        let range: Range<Int>
        let sequence: UInt64
    }

    init() throws {
        let disk = MemoryStorage()
        let writer = try JournalWriter(
            directory: Self.directory, configuration: Self.configuration(of: disk))
        for number in 0..<UInt64(120) { try Self.append([number], to: writer) }
        // As a kill leaves it: without a watermark at the end.
        self.disk = disk.copy()
        try writer.close()
        var places: [Place] = []
        let cursor = try JournalReader(directory: Self.directory, storage: self.disk).cursor()
        while let record = try cursor.next() {
            places.append(
                Place(
                    path: Self.directory.appending(SegmentName.of(record.segment)),
                    range: record.offset..<record.offset + record.length,
                    sequence: record.sequence))
        }
        records = places
        var segments: [(path: FilePath, size: Int)] = []
        for place in places where segments.last?.path != place.path {
            segments.append((place.path, self.disk.contents(place.path)?.count ?? 0))
        }
        self.segments = segments
    }

    /// Tries everything on so many threads, or stops when the time is over.
    func run(limit: Double) throws {
        let bits = segments.reduce(0) { $0 + $1.size * 8 }
        let start = now()
        let tried = Mutex((bits: 0, cuts: 0, tails: 0))
        let failures = Mutex<[String]>([])
        let threads = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let workers = (0..<threads).map { part in
            WorkThread {
                do {
                    let mine = disk.copy()
                    var done = (bits: 0, cuts: 0, tails: 0)
                    for (path, size) in segments {
                        for bit in stride(from: part, to: size * 8, by: threads) {
                            guard now() - start < limit, failures.withLock({ $0.isEmpty }) else {
                                break
                            }
                            try flip(bit, of: path, on: mine)
                            done.bits += 1
                        }
                        for offset in stride(from: part, to: size, by: threads) {
                            guard now() - start < limit else { break }
                            done.cuts += try cut(path, at: offset)
                        }
                    }
                    done.tails = try tearTail(part: part, of: threads)
                    let result = done
                    tried.withLock {
                        $0.bits += result.bits
                        $0.cuts += result.cuts
                        $0.tails += result.tails
                    }
                } catch {
                    let words = "\(error)"
                    failures.withLock { $0.append(words) }
                }
            }
        }
        for worker in workers { worker?.join() }
        if let failure = failures.withLock({ $0.first }) { throw BenchmarkFailure(failure) }
        let done = tried.withLock { $0 }
        printResult(
            "flips",
            [
                ("bits", Double(bits)), ("bits_flipped", Double(done.bits)),
                ("cuts", Double(done.cuts)), ("torn_tails", Double(done.tails)),
                ("seconds", now() - start),
            ])
        guard done.bits == bits else { throw BenchmarkFailure("the time was over") }
    }

    private func flip(_ bit: Int, of path: FilePath, on disk: MemoryStorage) throws {
        disk.flip(path, bit: bit)
        defer { disk.flip(path, bit: bit) }
        let report = try JournalVerifier.verify(Self.directory, threads: 1, storage: disk)
        let hit = records.first { $0.path == path && $0.range.contains(bit / 8) }
        guard let hit else {
            // Behind the last record: something is there that nobody acknowledged.
            guard report.tornTail != nil || !report.isOK else {
                throw BenchmarkFailure("bit \(bit) of \(path): not noticed")
            }
            return
        }
        let isNamed = report.damages.contains {
            Self.directory.appending($0.segment) == path && $0.offset == hit.range.lowerBound
                && $0.sequence == hit.sequence
        }
        guard isNamed, !report.isOK else {
            throw BenchmarkFailure("bit \(bit) of \(path): \(report.damages)")
        }
        let rest = try readable(on: disk)
        guard rest == records.map(\.sequence).filter({ $0 != hit.sequence }) else {
            throw BenchmarkFailure("bit \(bit) of \(path): \(rest.count) records can be read")
        }
    }

    /// Cuts the log there: what comes after is gone, acknowledged as it was. Returns 1 when it was.
    private func cut(_ path: FilePath, at offset: Int) throws -> Int {
        guard let last = records.last, path != last.path || offset < last.range.upperBound else {
            return 0
        }
        let disk = disk.copy()
        disk.replace(path, with: Array((disk.contents(path) ?? []).prefix(offset)))
        for segment in segments where segment.path > path { disk.remove(segment.path) }
        let report = try JournalVerifier.verify(Self.directory, threads: 1, storage: disk)
        guard !report.isOK else { throw BenchmarkFailure("\(path) cut at \(offset): not noticed") }
        do {
            try JournalWriter(
                directory: Self.directory, configuration: Self.configuration(of: disk)
            ).close()
        } catch { return 1 }
        throw BenchmarkFailure("\(path) cut at \(offset): opened")
    }

    /// A batch that was being written when the power went, cut at every offset: no alarm, and
    /// everything before it is there.
    private func tearTail(part: Int, of threads: Int) throws -> Int {
        let disk = MemoryStorage()
        let writer = try JournalWriter(
            directory: Self.directory, configuration: Self.configuration(of: disk))
        for number in 0..<UInt64(3) { try Self.append([number], to: writer) }
        let before = disk.copy()
        try Self.append([3, 4, 5], to: writer)
        let after = disk.copy()
        try writer.close()
        let path = Self.directory.appending(SegmentName.of(1))
        guard let old = before.contents(path), let new = after.contents(path) else { return 0 }
        let end = try lastEnd(on: before)
        var tried = 0
        for length in stride(from: end + part, to: try lastEnd(on: after), by: threads) {
            let torn = before.copy()
            torn.replace(path, with: Array(new[..<length]) + old.dropFirst(length))
            let report = try JournalVerifier.verify(Self.directory, threads: 1, storage: torn)
            let sequences = try readable(on: torn)
            guard report.isOK, sequences == [1, 2, 3] else {
                throw BenchmarkFailure("a torn tail of \(length - end) bytes: \(report.damages)")
            }
            tried += 1
        }
        return tried
    }

    private func lastEnd(on disk: MemoryStorage) throws -> Int {
        let cursor = try JournalReader(directory: Self.directory, storage: disk).cursor()
        var end = 0
        while let record = try cursor.next() { end = record.offset + record.length }
        return end
    }

    private func readable(on disk: MemoryStorage) throws -> [UInt64] {
        let cursor = try JournalReader(directory: Self.directory, storage: disk)
            .cursor(damage: .skip { _ in })
        var sequences: [UInt64] = []
        while let record = try cursor.next() { sequences.append(record.sequence) }
        return sequences
    }

    private static func append(_ numbers: [UInt64], to writer: JournalWriter) throws {
        _ = try writer.appendBlocking(
            numbers.map { number in
                EventDraft(
                    id: EventID(high: 1, low: number), type: "data.accepted",
                    subject: .dataset("flights"), actor: .plugin("validator"),
                    payload: Array("{\"number\":\(number),\"text\":\"r\u{e9}sum\u{e9}\"}".utf8))
            })
    }

    private static func configuration(of disk: MemoryStorage) -> JournalConfiguration {
        var configuration = JournalConfiguration()
        configuration.storage = disk
        configuration.segmentSize = 20 << 10
        configuration.reserve = 1 << 10
        configuration.quietMilliseconds = nil
        configuration.preparesSegments = false
        configuration.makesIndexes = false
        configuration.clock = { Timestamp(microseconds: 1_800_000_000_000_000) }
        return configuration
    }
}
