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

    /// The first sequences of all segments of a journal, ascending; empty when there is no directory.
    static func all(in directory: FilePath) throws(SystemError) -> [UInt64] {
        do throws(SystemError) {
            return try Files.names(in: directory).compactMap { first(of: $0) }.sorted()
        } catch {
            if error.errno == .notFound { return [] }
            throw error
        }
    }

    static let head = "head"
    static let lock = "lock"
    /// A segment in the making.
    static let next = "next.tmp"
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
        _ first: UInt64, in directory: FilePath, storage: any Storage = LinuxStorage()
    ) throws(SystemError) {
        self.first = first
        file = try StoredFile(
            directory.appending(SegmentName.of(first)), O_RDONLY | O_NOFOLLOW, storage: storage)
        window = RecordBytes(capacity: 256 * 1024)
    }

    var path: FilePath { file.path }

    func size() throws(SystemError) -> Int { try file.size() }

    /// Forgets what was read: the file may have changed.
    func invalidate() {
        held = 0..<0
        atEnd = false
    }

    /// What begins at an offset, and the record if it is one.
    func scan(at offset: Int) throws(SystemError) -> (Scan, RawRecord?) {
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
    func lastRecord() throws(SystemError) -> RawRecord? {
        let size = try file.size()
        var found: RawRecord?
        // Lines hold no newline but their last byte, so the last line begins after the one before.
        var candidate = try nextCandidate(from: max(0, size - RecordFormat.maximumLine))
        while let start = candidate {
            if case (.record(let length, _), let record) = try scan(at: start) {
                found = start + length == size ? record : nil
                candidate = start + length < size ? start + length : nil
            } else {
                candidate = try nextCandidate(from: start + 1)
            }
        }
        return found
    }

    /// The first offset from `offset` on that holds something else than newlines; nil when there is
    /// none up to the end of the file.
    func firstByteThatIsNoFiller(from offset: Int) throws(SystemError) -> Int? {
        try find(from: offset) { bytes in bytes.firstIndex { $0 != RecordFormat.newline } }
    }

    /// The first offset from `offset` on where the bytes look like the beginning of a record.
    func nextCandidate(from offset: Int) throws(SystemError) -> Int? {
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

    private func find(
        from offset: Int, overlap: Int = 0, _ body: (UnsafeRawBufferPointer) -> Int?
    ) throws(SystemError) -> Int? {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        defer { chunk.deallocate() }
        var position = offset
        while true {
            let count = try file.read(chunk, at: position)
            if let found = body(UnsafeRawBufferPointer(rebasing: chunk[..<count])) {
                return position + found
            }
            if count < chunk.count { return nil }
            position += count - overlap
        }
    }

    private func fill(from offset: Int, _ need: Int) throws(SystemError) {
        let capacity = max(need, window.all.count)
        // Records that were handed out keep their bytes: a window that is in use is left to them.
        if capacity > window.all.count || !isKnownUniquelyReferenced(&window) {
            window = RecordBytes(
                capacity: capacity > window.all.count ? SegmentFile.windowSize : capacity)
        }
        held = offset..<offset
        let count = try file.read(window.all, at: offset)
        held = offset..<offset + count
        atEnd = count < window.all.count
    }
}
