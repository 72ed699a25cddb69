import CLinux
import Glibc
import LinuxSystem
import Millrace

/// The bytes of small objects once more, one after the other in one file with reserved room.
///
/// To force a new file and its name to the disk takes a commit of the file system's own journal,
/// which waits for whatever else the machine writes; to force bytes into room that is there already
/// does not. So what was dropped is durable at once here, and under its own name some time later: when
/// a half of the log is full, or when there is nothing else to do. What a power cut takes from the
/// objects in between is restored from here at the next start.
final class RecentLog: Sendable {
    private struct Half {
        var generation: UInt64
        /// Where the next record goes, from the beginning of the half.
        var end = 0
        var digests: [Digest] = []
        /// Takes no records: its objects are being forced to the disk.
        var isClosed = false
    }

    private struct State {
        var halves: [Half]
        var active = 0
        var unsynced = 0
        /// Where the records lie that the disk may not have got yet.
        var unhanded: Range<Int>?
        /// A record may be half written: nothing is added behind it.
        var hasFailed = false
    }

    static let name = "recent"

    private let file: FileDescriptor
    private let path: FilePath
    private let inode: UInt64
    private let state: Guarded<State>

    /// Opens the log of a vault, making it on the first use.
    ///
    /// - Returns: also what it holds: the caller makes sure that the objects are there and on the
    ///   disk, and only then appends.
    static func open(
        in directory: FilePath
    ) throws(SystemError) -> (log: RecentLog, records: [RecentLogFormat.Record]) {
        let path = directory.appending(name)
        let file: FileDescriptor
        do throws(SystemError) {
            file = try FileDescriptor.open(path, O_RDWR | O_NOFOLLOW)
        } catch  where error.errno == .notFound {
            try make(path)
            file = try FileDescriptor.open(path, O_RDWR | O_NOFOLLOW)
        }
        var records: [RecentLogFormat.Record] = []
        for half in 0..<2 { records += try read(half, of: file) }
        let last = records.map(\.generation).max() ?? 0
        return (RecentLog(file: file, path: path, last: last), records)
    }

    /// The bytes of an object in the log of another process.
    static func find(_ digest: Digest, in directory: FilePath) throws(SystemError) -> [UInt8]? {
        let file: FileDescriptor
        do throws(SystemError) {
            file = try FileDescriptor.open(directory.appending(name), O_RDONLY | O_NOFOLLOW)
        } catch {
            if error.errno == .notFound { return nil }
            throw error
        }
        for half in 0..<2 {
            for record in try read(half, of: file) where record.digest == digest {
                return record.bytes
            }
        }
        return nil
    }

    /// Whether the log is still where it was opened.
    var isInPlace: Bool { ((try? FileStatus.of(path)) ?? nil)?.inode == inode }

    private init(file: consuming FileDescriptor, path: FilePath, last: UInt64) {
        self.path = path
        inode = (try? file.status().inode) ?? 0
        self.file = file
        let halves = [Half(generation: last &+ 1), Half(generation: last &+ 2)]
        state = Guarded(State(halves: halves))
    }

    /// Makes the file whole under another name first: its room must be there.
    private static func make(_ path: FilePath) throws(SystemError) {
        let temporary = path.parent.appending("\(name).tmp")
        let file = try FileDescriptor.open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW)
        let zeros = [UInt8](repeating: 0, count: RecentLogFormat.halfSize)
        do throws(SystemError) {
            for _ in 0..<2 { try file.writeAll(zeros) }
            try file.sync()
        } catch {
            // On a full disk others need what it has got.
            try? Files.unlink(temporary)
            throw error
        }
        try Files.rename(temporary, path)
        try Files.syncDirectory(path.parent)
    }

    private static func read(
        _ half: Int, of file: borrowing FileDescriptor
    ) throws(SystemError) -> [RecentLogFormat.Record] {
        let size = RecentLogFormat.halfSize
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { buffer.deallocate() }
        var count = 0
        // An empty half, which is the rule, is told by its first bytes.
        for end in [RecentLogFormat.headerSize, size] {
            while count < end {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count..<end])
                let read = try file.read(into: rest, at: half * size + count)
                if read == 0 { break }
                count += read
            }
            if buffer[..<count].allSatisfy({ $0 == 0 }) { return [] }
        }
        return RecentLogFormat.decode(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    /// Adds an object; on the disk after the next `sync`.
    ///
    /// - Returns: the half that is full and is to be cleaned, if any; nil when the object was not
    ///   added, because both halves are full or an earlier write failed.
    func append(_ object: UnsafeRawBufferPointer, _ digest: Digest) -> Addition? {
        let room = RecentLogFormat.room(for: object.count)
        guard object.count <= RecentLogFormat.objectLimit else { return nil }
        return state.withLock { state in
            if state.hasFailed { return nil }
            var full: Int?
            if state.halves[state.active].end + room > RecentLogFormat.halfSize {
                guard let closed = Self.rotate(&state) else { return nil }
                full = closed
            }
            let (active, half) = (state.active, state.halves[state.active])
            let record = RecentLogFormat.encode(object, digest, generation: half.generation)
            let offset = active * RecentLogFormat.halfSize + half.end
            let failure = record.withUnsafeBytes { bytes -> SystemError? in
                do throws(SystemError) { try file.writeAll(bytes, at: offset) } catch {
                    return error
                }
                return nil
            }
            if failure != nil {
                state.hasFailed = true
                return nil
            }
            state.halves[active].end += room
            state.halves[active].digests.append(digest)
            // A single drop is on its way to the disk while the rest is done for it.
            if state.unhanded == nil {
                _ = clinux_start_writing(file.raw, Int64(offset), Int64(room))
            }
            let before = state.unhanded ?? offset..<offset
            state.unhanded =
                min(before.lowerBound, offset)..<max(before.upperBound, offset + room)
            state.unsynced += 1
            return Addition(fullHalf: full)
        }
    }

    struct Addition {
        var fullHalf: Int?
    }

    /// Closes the half in use and goes on in the other; nil while that one is not clean.
    private static func rotate(_ state: inout State) -> Int? {
        let (old, new) = (state.active, 1 - state.active)
        guard !state.halves[new].isClosed else { return nil }
        state.halves[old].isClosed = true
        state.active = new
        return old
    }

    /// Forces what was appended to the disk.
    func sync() throws(SystemError) {
        let isNeeded = state.withLock { state in
            defer { (state.unsynced, state.unhanded) = (0, nil) }
            return state.unsynced > 0
        }
        if isNeeded { try file.syncData() }
    }

    /// Waits until the disk has got what was appended, which it may keep in its cache.
    func handOver() throws(SystemError) {
        let range = state.withLock { state in
            defer { state.unhanded = nil }
            return state.unhanded
        }
        guard let range else { return }
        try systemCall("sync_file_range", path.description) {
            clinux_finish_writing(file.raw, Int64(range.lowerBound), Int64(range.count))
        }
    }

    /// Whether forcing another file of that directory flushes the disk's cache for this file, too: the
    /// room of this one is on the disk, and is written in place.
    func isForced(byThoseIn other: FilePath) -> Bool {
        guard let kind = try? FileSystemKind(of: file), kind.flushesForAll,
            let device = try? file.status().device
        else { return false }
        return ((try? FileStatus.of(other)) ?? nil)?.device == device
    }

    /// Closes the half in use if it holds anything, so that it can be cleaned.
    func close() -> Int? {
        state.withLock { state in
            state.halves[state.active].end > 0 ? Self.rotate(&state) : nil
        }
    }

    /// The objects of a closed half.
    func digests(of half: Int) -> [Digest] { state.withLock { $0.halves[half].digests } }

    /// To be called when all objects of a closed half are on the disk under their names.
    func reopen(_ half: Int) {
        let zeros = [UInt8](repeating: 0, count: RecentLogFormat.headerSize)
        // Not forced: what is read again after a crash is only compared again.
        zeros.withUnsafeBytes { bytes in
            try? file.writeAll(bytes, at: half * RecentLogFormat.halfSize)
        }
        state.withLock { state in
            let last = state.halves.map(\.generation).max() ?? 0
            state.halves[half] = Half(generation: last &+ 1)
        }
    }
}
