import Glibc
import LinuxSystem

/// The names of the files of a journal.
package enum SegmentName {
    /// `00000000000000000001.jsonl`
    package static func of(_ first: UInt64) -> String { Digits.text(first, width: 20) + ".jsonl" }

    /// The first sequence of a segment; nil for any other file.
    static func first(of name: FilePath) -> UInt64? {
        guard name.bytes.count == 26, name.bytes.suffix(6).elementsEqual(".jsonl".utf8) else {
            return nil
        }
        guard let first = name.bytes.withUnsafeBytes({ Digits.decimal($0, 0, 20) }), first > 0
        else { return nil }
        return first
    }

    static let head = "head"
    static let lock = "lock"
    /// A segment in the making.
    static let next = "next.tmp"
}

/// The directory of a journal, as its readers see it.
struct LogDirectory: Sendable {
    let path: FilePath
    let storage: any Storage

    /// The first sequences of all segments, ascending; empty when there is no directory.
    func segments() throws(JournalError) -> [UInt64] {
        do throws(SystemError) {
            let names = try Retry.interrupted { () throws(SystemError) in
                try storage.names(in: path)
            }
            return names.compactMap { SegmentName.first(of: $0) }.sorted()
        } catch {
            if error.errno == .notFound { return [] }
            throw .system(error)
        }
    }

    /// The first record of the segment after the one that begins with `first`; nil for the last.
    func segment(after first: UInt64) throws(JournalError) -> UInt64? {
        try segments().first { $0 > first }
    }

    /// Does a writer have the journal open?
    func hasWriter() throws(JournalError) -> Bool {
        do throws(SystemError) {
            return try StoredFile(
                path.appending(SegmentName.lock), O_RDONLY | O_NOFOLLOW, storage: storage
            ).isLocked()
        } catch {
            if error.errno == .notFound { return false }
            throw .system(error)
        }
    }

    /// What the head file says; nil when there is none, or none that is whole.
    func head() throws(JournalError) -> HeadFile.Contents? {
        do throws(SystemError) {
            return try HeadFile.read(
                try StoredFile(
                    path.appending(SegmentName.head), O_RDONLY | O_NOFOLLOW, storage: storage))
        } catch {
            if error.errno == .notFound { return nil }
            throw .system(error)
        }
    }
}

/// Reads a segment through a window of bounded size. Not for more than one thread at a time.
final class SegmentFile {
    let first: UInt64
    private let file: StoredFile
    private var window: RecordBytes
    /// The part of the file that the window holds.
    private var held: Range<Int> = 0..<0
    /// The file ended where the window does, when it was last read.
    private var atEnd = false

    /// A window that holds any record.
    static let windowSize = RecordFormat.maximumLine + 64 * 1024

    init(
        _ first: UInt64, in directory: LogDirectory
    ) throws(JournalError) {
        self.first = first
        do throws(SystemError) {
            file = try StoredFile(
                directory.path.appending(SegmentName.of(first)), O_RDONLY | O_NOFOLLOW,
                storage: directory.storage)
        } catch {
            throw .system(error)
        }
        window = RecordBytes(capacity: 256 * 1024)
    }

    func size() throws(JournalError) -> Int {
        do throws(SystemError) { return try file.size() } catch { throw .system(error) }
    }

    private func read(
        _ bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(JournalError) -> Int {
        do throws(SystemError) { return try file.read(bytes, at: offset) } catch {
            throw .system(error)
        }
    }

    /// Forgets what was read: the file may have changed.
    func invalidate() {
        held = 0..<0
        atEnd = false
    }

    /// What begins at an offset, and the record if it is one.
    func scan(at offset: Int) throws(JournalError) -> (Scan, RawRecord?) {
        var need = RecordFormat.minimumLine
        while true {
            if offset < held.lowerBound || offset + need > held.upperBound,
                !atEnd || offset < held.lowerBound
            {
                try fill(from: offset, need)
            }
            let start = min(offset - held.lowerBound, held.count)
            let bytes = UnsafeRawBufferPointer(rebasing: window.all[start..<held.count])
            if bytes.isEmpty { return (.needs(need), nil) }
            switch RecordScanner.scan(bytes, isEnd: atEnd) {
            case .needs(let more): need = more
            case .record(let length, let sequence):
                let record = RawRecord(
                    storage: window, start: start, length: length, sequence: sequence,
                    segment: first, offset: offset)
                return (.record(length: length, sequence: sequence), record)
            case let other: return (other, nil)
            }
        }
    }

    /// The last record of a segment that is complete; nil when the file does not end with one.
    func lastRecord() throws(JournalError) -> RawRecord? {
        let size = try size()
        var found: RawRecord?
        // Lines hold no newline but their last byte, so the last line begins after the one before.
        var candidate = try nextCandidate(from: max(0, size - RecordFormat.maximumLine))
        while let start = candidate {
            if case (.record(let length, _), let record) = try scan(at: start) {
                found = record
                candidate = try nextCandidate(from: start + length)
            } else {
                candidate = try nextCandidate(from: start + 1)
            }
        }
        guard let found, try firstByteThatIsNoFiller(from: found.offset + found.length) == nil
        else {
            return nil
        }
        return found
    }

    /// The first offset from `offset` on that holds something else than newlines; nil when there is
    /// none up to the end of the file.
    func firstByteThatIsNoFiller(from offset: Int) throws(JournalError) -> Int? {
        try find(from: offset) { bytes in bytes.firstIndex { $0 != RecordFormat.newline } }
    }

    /// The first offset from `offset` on where the bytes look like the beginning of a record.
    func nextCandidate(from offset: Int) throws(JournalError) -> Int? {
        let mark = Array("{\"crc\":\"".utf8)
        return try find(from: offset, overlap: mark.count - 1) { bytes in
            var start = 0
            while let base = bytes.baseAddress, bytes.count - start >= mark.count,
                let found = memchr(base + start, CInt(mark[0]), bytes.count - start)
            {
                start = UnsafeRawPointer(found) - base
                guard bytes.count - start >= mark.count else { return nil }
                if memcmp(base + start, mark, mark.count) == 0 { return start }
                start += 1
            }
            return nil
        }
    }

    /// What the records from an offset on prove, whatever lies between them: the highest watermark
    /// of those that are whole, and the highest sequence.
    func highestWatermark(
        from offset: Int
    ) throws(JournalError) -> (durable: UInt64, sequence: UInt64) {
        var durable: UInt64 = 0
        var highest: UInt64 = 0
        var candidate = try nextCandidate(from: offset)
        while let start = candidate {
            let (scan, record) = try scan(at: start)
            if case .record(let length, let sequence) = scan, let record {
                durable = max(durable, record.durable)
                highest = max(highest, sequence)
                candidate = try nextCandidate(from: start + length)
            } else {
                candidate = try nextCandidate(from: start + 1)
            }
        }
        return (durable, highest)
    }

    private func find(
        from offset: Int, overlap: Int = 0, _ body: (UnsafeRawBufferPointer) -> Int?
    ) throws(JournalError) -> Int? {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        defer { chunk.deallocate() }
        var position = offset
        while true {
            let count = try read(chunk, at: position)
            if let found = body(UnsafeRawBufferPointer(rebasing: chunk[..<count])) {
                return position + found
            }
            if count < chunk.count { return nil }
            position += count - overlap
        }
    }

    private func fill(from offset: Int, _ need: Int) throws(JournalError) {
        let capacity = max(need, window.all.count)
        // Records that were handed out keep their bytes: a window that is in use is left to them.
        if capacity > window.all.count || !isKnownUniquelyReferenced(&window) {
            window = RecordBytes(
                capacity: capacity > window.all.count ? SegmentFile.windowSize : capacity)
        }
        held = offset..<offset
        let count = try read(window.all, at: offset)
        held = offset..<offset + count
        atEnd = count < window.all.count
    }
}
