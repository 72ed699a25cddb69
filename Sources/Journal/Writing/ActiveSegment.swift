import Glibc
import LinuxSystem

/// The segment that records are appended to. Used by one thread.
final class ActiveSegment {
    let first: UInt64
    private let file: StoredFile
    /// Where the next record goes.
    private(set) var end: Int
    /// How far the file is filled, with records and then newlines.
    private(set) var room: Int
    private let reserve: Int

    /// Opens a segment that is there, with records up to `end`.
    init(
        opening first: UInt64, in directory: FilePath, end: Int, reserve: Int, storage: any Storage
    ) throws(SystemError) {
        self.first = first
        file = try StoredFile(
            directory.appending(SegmentName.of(first)), O_RDWR | O_NOFOLLOW, storage: storage)
        self.end = end
        self.reserve = reserve
        room = try file.size()
    }

    /// Makes a new segment: complete under another name first, so that a crash leaves all or nothing.
    init(
        making first: UInt64, in directory: FilePath, reserve: Int, storage: any Storage
    ) throws(SystemError) {
        self.first = first
        self.reserve = reserve
        end = 0
        room = 0
        let temporary = directory.appending(SegmentName.next)
        let target = directory.appending(SegmentName.of(first))
        file = try StoredFile(
            temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, storage: storage)
        try reserveRoom(for: 1)
        try Retry.interrupted { () throws(SystemError) in try storage.rename(temporary, target) }
        try Retry.interrupted { () throws(SystemError) in try storage.syncDirectory(directory) }
    }

    /// Takes a file that was filled with newlines, durably, as `next.tmp`.
    init(
        adopting prepared: StoredFile, room: Int, as first: UInt64, in directory: FilePath,
        reserve: Int, storage: any Storage
    ) throws(SystemError) {
        self.first = first
        self.reserve = reserve
        self.room = room
        end = 0
        file = prepared
        let target = directory.appending(SegmentName.of(first))
        file.isNow(at: target)
        try Retry.interrupted { () throws(SystemError) in
            try storage.rename(directory.appending(SegmentName.next), target)
        }
        try Retry.interrupted { () throws(SystemError) in try storage.syncDirectory(directory) }
    }

    /// Fills the file with newlines so that a write of so many bytes changes no metadata, which
    /// makes its sync several times as fast, and so that a full disk is found out before a record is
    /// touched. - Throws: ENOSPC or EDQUOT when there is no room; nothing is lost then, nor kept.
    func reserveRoom(for bytes: Int) throws(SystemError) {
        let needed = end + bytes
        guard needed > room else { return }
        let free = file.freeRoom
        if let free, free > 0, needed - room > free + ActiveSegment.slack {
            throw SystemError(.noSpace, "fstatvfs", file.path.description)
        }
        let piece = ActiveSegment.piece(reserve, of: free)
        do throws(SystemError) { try fill(to: (needed + piece - 1) / piece * piece) } catch {
            guard LogEnd.isFull(error) else { throw error }
            try fill(to: needed)
        }
    }

    /// A file may have got so much more than its size says: no file system has larger blocks.
    private static let slack = 64 << 10

    /// What is reserved at once: near the end of the disk little more than what is needed.
    private static func piece(_ reserve: Int, of free: Int?) -> Int {
        guard let free else { return reserve }
        let page = 4096
        return min(reserve, max(page, free / 8 / page * page))
    }

    /// Is there so much room left beside the records, as far as that is known?
    func hasFree(_ bytes: Int) -> Bool { file.freeRoom.map { $0 >= bytes } ?? true }

    private func fill(to target: Int) throws(SystemError) {
        let filler = [UInt8](repeating: RecordFormat.newline, count: min(target - room, 1 << 20))
        var position = room
        do throws(SystemError) {
            while position < target {
                let count = min(filler.count, target - position)
                try file.writeAll(
                    count == filler.count ? filler : Array(filler[..<count]), at: position)
                position += count
            }
            try file.syncData()
        } catch {
            // What is not enough is not kept from others. Where that fails, it is filled again.
            if LogEnd.isFull(error) { try? file.truncate(to: room) }
            throw error
        }
        room = target
    }

    /// Writes lines, does what is to be done last, and forces them to the disk. Room must have been
    /// reserved.
    func append(
        _ lines: UnsafeRawBufferPointer, _ last: () throws(SystemError) -> Void
    ) throws(SystemError) {
        try file.writeAll(lines, at: end)
        try last()
        try file.syncData()
        end += lines.count
    }

    /// Writes bytes that are there already once more and forces them to the disk: after a crash
    /// they may be in the page cache alone, marked as written.
    func rewrite(_ range: Range<Int>) throws(SystemError) {
        guard !range.isEmpty else { return }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 64)
        defer { bytes.deallocate() }
        let count = try file.read(bytes, at: range.lowerBound)
        try file.writeAll(
            UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: range.lowerBound)
        try file.syncData()
    }

    /// Cuts off everything after the records, durably.
    func cut() throws(SystemError) {
        guard room != end else { return }
        try file.truncate(to: end)
        try file.syncData()
        room = end
    }
}
