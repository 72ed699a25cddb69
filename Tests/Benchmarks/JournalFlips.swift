import Glibc
import Journal
import LinuxSystem
import Millrace
import Synchronization

extension JournalRun {
    /// Flips every bit of a journal of about 64 KB, one at a time, and checks that the verifier names
    /// the record and its place, and that a reader which skips damage gets every other record.
    func flips() throws {
        try Files.makeDirectories(directory)
        try empty()
        var configuration = JournalConfiguration()
        configuration.segmentSize = 24 << 10
        configuration.reserve = 1 << 10
        let writer = try JournalWriter(directory: directory, configuration: configuration)
        for number in 0..<UInt64(100) {
            _ = try writer.appendBlocking([
                EventDraft(
                    id: EventID(high: 1, low: number), type: "data.accepted",
                    subject: .dataset("flights"), actor: .plugin("validator"),
                    payload: Array("{\"number\":\(number)}".utf8))
            ])
        }
        try writer.close()
        var places: [(segment: String, range: Range<Int>, sequence: UInt64)] = []
        let cursor = try JournalReader(directory: directory).cursor()
        while let record = try cursor.next() {
            let range = record.offset..<record.offset + record.length
            places.append((SegmentName.of(record.segment), range, record.sequence))
        }
        let all = places.map(\.sequence)
        var tried = 0
        let start = now()
        for (name, range, sequence) in places {
            let file = try FileDescriptor.open(directory.appending(name), O_RDWR)
            for bit in range.lowerBound * 8..<range.upperBound * 8 {
                if now() - start > limit { break }
                try flip(file, bit)
                let report = try JournalVerifier.verify(directory, threads: 1)
                let isNamed = report.damages.contains {
                    $0.segment == name && $0.offset == range.lowerBound && $0.sequence == sequence
                }
                let salvaged = try salvage()
                try flip(file, bit)
                guard isNamed, !report.isOK, salvaged == all.filter({ $0 != sequence }) else {
                    throw BenchmarkFailure("bit \(bit) of \(name): \(report.damages)")
                }
                tried += 1
            }
        }
        let bytes = places.reduce(0) { $0 + $1.range.count }
        guard try JournalVerifier.verify(directory).isOK else {
            throw BenchmarkFailure("the journal is not as it was")
        }
        printResult(
            "flips",
            [
                ("bits", Double(bytes * 8)), ("tried", Double(tried)), ("noticed", Double(tried)),
                ("seconds", now() - start),
            ])
    }

    private func salvage() throws -> [UInt64] {
        let cursor = try JournalReader(directory: directory).cursor(damage: .skip { _ in })
        var sequences: [UInt64] = []
        while let record = try cursor.next() { sequences.append(record.sequence) }
        return sequences
    }

    private func flip(_ file: borrowing FileDescriptor, _ bit: Int) throws {
        var byte: UInt8 = 0
        try withUnsafeMutableBytes(of: &byte) { buffer in
            _ = try file.read(into: buffer, at: bit / 8)
            buffer[0] ^= 1 << UInt8(bit % 8)
            try file.writeAll(UnsafeRawBufferPointer(buffer), at: bit / 8)
        }
    }
}
