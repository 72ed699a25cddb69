import Checksums
import Glibc
import Journal
import LinuxSystem
import Millrace

/// `journal append1|append100|load|replay|fold|verify|open|… DIRECTORY EVENTS COUNT SECONDS`
///
/// An append is counted when the journal has answered, which is after the disk has; a replay
/// delivers every payload in order, and `crc` is the CRC-32C over all of them.
func runJournalBenchmark(_ arguments: [String]) -> CInt {
    if arguments.first == "find" { return runJournalFind(Array(arguments.dropFirst())) }
    guard arguments.count == 5, let count = Int(arguments[3]), let limit = Double(arguments[4])
    else {
        print("usage: MillraceBench journal OPERATION DIRECTORY EVENTS COUNT SECONDS")
        return 2
    }
    let run = JournalRun(
        directory: FilePath(arguments[1]), events: FilePath(arguments[2]), count: count,
        limit: limit)
    do {
        switch arguments[0] {
        case "append1": try run.append("append1", batch: 1)
        case "append100": try run.append("append100", batch: 100)
        case "load": try run.load()
        case "replay": try run.replay()
        case "fold": try run.fold()
        case "verify": try run.verify()
        case "open": try run.open()
        case "floor": try run.floor(batch: 1)
        case "floor100": try run.floor(batch: 100)
        case "concurrent": try run.concurrent()
        case "grown": try run.grown()
        case "follow": try run.follow()
        case "flips": try JournalFlips().run(limit: run.limit)
        case "kill": try run.kill()
        case "write-until-killed": try run.writeUntilKilled()
        default:
            print("unknown operation \(arguments[0])")
            return 2
        }
        return 0
    } catch {
        print("\(error)")
        return 1
    }
}

struct JournalRun {
    let directory: FilePath
    let events: FilePath
    let count: Int
    let limit: Double

    /// The lines of the corpus, each the payload of one event.
    func corpus() throws -> [EventDraft] {
        let bytes = try Files.read(events, limit: 2 << 30)
        var drafts: [EventDraft] = []
        drafts.reserveCapacity(count)
        let types = ["file.created", "data.accepted", "model.trained", "model.deployed"]
        var start = 0
        while start < bytes.count, drafts.count < count,
            let end = bytes[start...].firstIndex(of: 10)
        {
            let number = UInt64(drafts.count)
            drafts.append(
                EventDraft(
                    id: EventID(high: 1, low: number), type: types[Int(number % 4)],
                    subject: .dataset("flights-\(number % 16)"), actor: .plugin("validator"),
                    causation: EventID(high: 1, low: number &- 1),
                    correlation: EventID(high: 2, low: number / 4 &* 0x9E37_79B9_7F4A_7C15),
                    payload: Array(bytes[start..<end])))
            start = end + 1
        }
        return drafts
    }

    func empty() throws {
        for name in (try? Files.names(in: directory)) ?? [] {
            try Files.unlink(directory.appending(name))
        }
    }

    func append(_ operation: String, batch: Int) throws {
        let drafts = try corpus()
        try empty()
        let writer = try JournalWriter(directory: directory)
        var latencies = Latencies()
        var done = 0
        var bytes = 0
        var crc: UInt32 = 0
        let start = now()
        while done < drafts.count, now() - start < limit {
            let part = Array(drafts[done..<min(done + batch, drafts.count)])
            let before = now()
            let events = try writer.appendBlocking(part)
            latencies.add(now() - before)
            done += events.count
            for event in events {
                bytes += event.payload.count
                crc = CRC32C.checksum(event.payload, seed: crc)
            }
        }
        let seconds = now() - start
        try writer.close()
        printResult(
            operation,
            [
                ("events", Double(done)), ("bytes", Double(bytes)), ("seconds", seconds),
                ("events_per_s", (Double(done) / seconds).rounded()),
            ] + latencies.members, crc: crc)
    }

    /// Fills a journal as fast as batches of a thousand go.
    func load() throws {
        let drafts = try corpus()
        try empty()
        let writer = try JournalWriter(directory: directory)
        let start = now()
        let processor = processorTime()
        var done = 0
        while done < drafts.count {
            let part = Array(drafts[done..<min(done + 1000, drafts.count)])
            done += try writer.appendBlocking(part).count
        }
        let seconds = now() - start
        try writer.close()
        printResult(
            "load",
            [
                ("events", Double(done)), ("seconds", seconds),
                ("cpu_s", processorTime() - processor),
                ("events_per_s", (Double(done) / seconds).rounded()),
            ])
    }

    private func measured(
        _ operation: String, _ body: () throws -> (events: Int, bytes: Int, crc: UInt32?)
    ) rethrows {
        let start = now()
        let processor = processorTime()
        let result = try body()
        let seconds = now() - start
        printResult(
            operation,
            [
                ("events", Double(result.events)), ("bytes", Double(result.bytes)),
                ("seconds", seconds), ("cpu_s", processorTime() - processor),
                ("events_per_s", (Double(result.events) / seconds).rounded()),
            ], crc: result.crc)
    }

    func replay() throws {
        try measured("replay") {
            var events = 0
            var bytes = 0
            var crc: UInt32 = 0
            let cursor = try JournalReader(directory: directory).cursor()
            while let record = try cursor.next() {
                if record.isType("journal.watermark") { continue }
                record.withPayload { payload in
                    events += 1
                    bytes += payload.count
                    crc = CRC32C.checksum(payload, seed: crc)
                }
            }
            return (events, bytes, crc)
        }
    }

    /// Counts by type, and checks every record's checksum.
    func fold() throws {
        try measured("fold") {
            var counts: [UInt64: Int] = [:]
            var events = 0
            let cursor = try JournalReader(directory: directory).cursor()
            while let record = try cursor.next() {
                // The first eight bytes tell these types apart.
                let key = record.withType { $0.loadUnaligned(as: UInt64.self) }
                counts[key, default: 0] += 1
                events += 1
            }
            return (events, counts.count, nil)
        }
    }

    func verify() throws {
        try measured("verify") {
            let report = try JournalVerifier.verify(directory)
            if !report.isOK { print(report.damages) }
            return (Int(report.records), report.bytes, nil)
        }
    }
}
