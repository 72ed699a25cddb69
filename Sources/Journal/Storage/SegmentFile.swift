import Checksums
import Glibc
import LinuxSystem

/// Reads a segment through a window of bounded size. Not for more than one thread at a time.
final class SegmentFile {
    let first: UInt64
    private let file: StoredFile
    private var window = RecordBytes(capacity: 0)
    /// A window that was left to the records that point into it, for when they are gone.
    private var spare = RecordBytes(capacity: 0)
    /// The part of the file that the window holds.
    private var held: Range<Int> = 0..<0
    /// The file ended where the window does, when it was last read.
    private var atEnd = false
    /// How much the next look into the file reads: little at first, for whoever wants one record.
    private var ahead = SegmentFile.smallWindow
    /// Counts how often the window was filled. What was found in it holds as long as this stays.
    private(set) var fillings = 0

    private static let smallWindow = 16 * 1024
    /// For one record here and one there, which are seldom longer.
    private static let singleWindow = 4 * 1024
    /// Larger reads are no faster.
    private static let largeWindow = 1 << 20
    /// A window that holds any record.
    private static let anyRecord = RecordFormat.maximumLine + 64 * 1024

    init(
        _ first: UInt64, in directory: LogDirectory
    ) throws(JournalError) {
        self.first = first
        func open(_ folder: FilePath) throws(SystemError) -> StoredFile {
            try StoredFile(
                folder.appending(SegmentName.of(first)), O_RDONLY | O_NOFOLLOW,
                storage: directory.storage)
        }
        do throws(SystemError) {
            do throws(SystemError) { file = try open(directory.path) } catch {
                let home = directory.home(of: first)
                guard error.errno == .notFound, home != directory.path else { throw error }
                file = try open(home)
            }
        } catch {
            throw .system(error)
        }
    }

    func size() throws(JournalError) -> Int {
        do throws(SystemError) { return try file.size() } catch { throw .system(error) }
    }

    func read(
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
        ahead = SegmentFile.smallWindow
    }

    /// The whole record at an offset; nil when there is none, or none in the window: `scan` knows.
    @inline(__always)
    func record(at offset: Int) -> RawRecord? {
        guard let whole = whole(at: offset) else { return nil }
        return record(at: offset, length: whole.length, sequence: whole.sequence)
    }

    /// The same without the record.
    @inline(__always)
    func whole(at offset: Int) -> WholeRecord? {
        bytes(from: offset).flatMap { RecordScanner.whole($0) }
    }

    /// The record at an offset that was found whole there, with this sequence, since the window was
    /// last filled.
    @inline(__always)
    func checkedRecord(at offset: Int, sequence: UInt64) -> RawRecord? {
        guard let length = bytes(from: offset).flatMap({ RecordScanner.lengthOfChecked($0) }) else {
            return nil
        }
        return record(at: offset, length: length, sequence: sequence)
    }

    /// What the window holds from an offset on; nil when it is nothing.
    @inline(__always)
    private func bytes(from offset: Int) -> UnsafeRawBufferPointer? {
        guard offset >= held.lowerBound, offset < held.upperBound else { return nil }
        return UnsafeRawBufferPointer(
            rebasing: window.all[offset - held.lowerBound..<held.count])
    }

    @inline(__always)
    private func record(at offset: Int, length: Int, sequence: UInt64) -> RawRecord {
        RawRecord(
            storage: window, start: offset - held.lowerBound, length: length, sequence: sequence,
            segment: first, offset: offset)
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

    /// The whole record at an offset, for whoever wants one here and one there; nil for anything else.
    func single(at offset: Int) throws(JournalError) -> RawRecord? {
        ahead = SegmentFile.singleWindow
        return try scan(at: offset).1
    }

    /// SHA-256 of a part of the file.
    func digest(of range: Range<Int>) throws(JournalError) -> SHA256.Value {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { chunk.deallocate() }
        var hash = SHA256()
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = min(chunk.count, range.upperBound - position)
            let count = try read(
                UnsafeMutableRawBufferPointer(rebasing: chunk[..<wanted]), at: position)
            hash.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
            position += count
            if count < wanted { break }
        }
        return hash.finish()
    }

    /// Has so many bytes from an offset on in one window, as far as a window and the file go.
    func hold(_ count: Int, from offset: Int) throws(JournalError) {
        let wanted = min(count, 4 * SegmentFile.largeWindow)
        if offset >= held.lowerBound, offset + wanted <= held.upperBound || atEnd { return }
        try fill(from: offset, wanted)
    }

    private func fill(from offset: Int, _ need: Int) throws(JournalError) {
        var capacity = max(need, ahead)
        if need > SegmentFile.smallWindow { capacity = max(capacity, SegmentFile.anyRecord) }
        // Whoever reads on wants more.
        if offset > held.lowerBound { ahead = min(4 * ahead, SegmentFile.largeWindow) }
        // Records that were handed out keep their bytes: a window that is in use is left to them.
        if !isKnownUniquelyReferenced(&window) { swap(&window, &spare) }
        if window.all.count < capacity || !isKnownUniquelyReferenced(&window) {
            window = RecordBytes(capacity: capacity)
        }
        held = offset..<offset
        fillings &+= 1
        let bytes = UnsafeMutableRawBufferPointer(rebasing: window.all[..<capacity])
        let count = try read(bytes, at: offset)
        held = offset..<offset + count
        atEnd = count < capacity
    }
}
