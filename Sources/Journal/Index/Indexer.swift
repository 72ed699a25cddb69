import Glibc
import LinuxSystem
import Synchronization

/// Makes the indexes of a journal that is being written, on a thread of its own that gives way to
/// others. An append does no more for it than to say how far it came. What fails here is done again
/// at the next start, and readers do without meanwhile.
final class Indexer {
    private let progress: Progress
    private let thread: WorkThread?

    /// What the thread and its owner share.
    fileprivate final class Progress: Sendable {
        let state: Mutex<State>
        let changed = Semaphore()

        struct State {
            /// The segment in use, and how far its records are on the disk.
            var segment: UInt64
            var end: Int
            var isCancelled = false
            /// The thread waits for another segment, or for this one to come so far.
            var due: Int?
        }

        init(_ state: State) { self.state = Mutex(state) }

        /// Waits until there is something to do; nil when that is to end.
        func wait(after segment: UInt64, until due: Int) -> (segment: UInt64, end: Int)? {
            while true {
                let now = state.withLock { state in
                    let isDue = state.segment != segment || state.end >= due
                    state.due = isDue || state.isCancelled ? nil : due
                    return state
                }
                if now.isCancelled { return nil }
                if now.due == nil { return (now.segment, now.end) }
                changed.wait()
            }
        }
    }

    /// - Parameters:
    ///   - segment: the one in use, with whole records up to `end`.
    ///   - pieceSize: a piece of its index is made for so many bytes.
    init(
        directory: FilePath, segment: UInt64, end: Int, pieceSize: Int, storage: any Storage
    ) {
        let progress = Progress(Progress.State(segment: segment, end: end))
        self.progress = progress
        thread = WorkThread {
            // Who appends goes first.
            ThreadPriority.giveWay()
            var work = IndexWork(directory: directory, pieceSize: pieceSize, storage: storage)
            var place: (segment: UInt64, due: Int) = (0, 0)
            while let now = progress.wait(after: place.segment, until: place.due) {
                place = (now.segment, work.run(now.segment, now.end) ?? .max)
            }
        }
    }

    /// The journal is on the disk up to here.
    func advance(segment: UInt64, end: Int) {
        let wakes = progress.state.withLock { state in
            let isNew = state.segment != segment
            state.segment = segment
            state.end = end
            guard let due = state.due, isNew || end >= due else { return false }
            state.due = nil
            return true
        }
        if wakes { progress.changed.signal() }
    }

    /// Ends the work, after the file that it is at. Must be called once.
    func finish() {
        progress.state.withLock { $0.isCancelled = true }
        progress.changed.signal()
        thread?.join()
    }
}

/// What is to be done about indexes, one file at a time.
struct IndexWork {
    private let log: LogDirectory
    private let pieceSize: Int
    /// Sealed segments that have their index, or cannot have one.
    private var done: Set<UInt64> = []
    /// How far the pieces of the segment in use come; nil when that is not known yet.
    private var covered: Covered?
    private var isTidy = false

    private struct Covered {
        let segment: UInt64
        /// `Int.max` where no piece can be made.
        var offset: Int
        var next: UInt64
    }

    init(directory: FilePath, pieceSize: Int, storage: any Storage) {
        log = LogDirectory(path: directory, storage: storage)
        self.pieceSize = pieceSize
    }

    /// Does the next thing.
    ///
    /// - Returns: how far the segment in use has to come before there is more to do.
    mutating func run(_ segment: UInt64, _ end: Int) -> Int? {
        do {
            if !isTidy { try removeStrays(segment) }
            isTidy = true
            if let sealed = try log.segments().first(where: { $0 < segment && !done.contains($0) })
            {
                done.insert(sealed)
                try seal(sealed)
                return 0
            }
            if covered?.segment != segment { covered = try coverage(of: segment) }
            guard var covered, covered.offset < .max else { return nil }
            if end - covered.offset >= pieceSize {
                try addPiece(to: &covered, end)
                self.covered = covered
            }
            return covered.offset == .max ? nil : covered.offset + pieceSize
        } catch {
            // A full disk, or no room for another descriptor: later, when more has come.
            return end + pieceSize
        }
    }

    /// Makes the index of a sealed segment, unless it is there.
    private func seal(_ first: UInt64) throws {
        if SegmentIndexes(log).sealed(first) == nil {
            guard try log.makeIndex(of: first) else { return }
            // It may have been archived meanwhile.
            if try !log.segments().contains(first) {
                try log.storage.unlink(log.path.appending(SegmentName.index(of: first)))
                return
            }
        }
        for offset in try log.pieces(of: first) {
            try log.storage.unlink(log.path.appending(SegmentName.piece(of: first, from: offset)))
        }
    }

    private func coverage(of segment: UInt64) throws -> Covered {
        let last = try SegmentIndexes(log).pieces(of: segment).last?.header
        return Covered(
            segment: segment, offset: last?.range.upperBound ?? 0,
            next: last.map { $0.sequences.upperBound + 1 } ?? segment)
    }

    private func addPiece(to covered: inout Covered, _ end: Int) throws {
        let file = try SegmentFile(covered.segment, in: log)
        let range = covered.offset..<end
        guard let bytes = try IndexBuilder.index(of: file, range, first: covered.next),
            let header = bytes.withUnsafeBytes({ IndexHeader(parsing: $0) })
        else {
            covered.offset = .max
            return
        }
        try log.write(index: bytes, SegmentName.piece(of: covered.segment, from: covered.offset))
        covered.offset = end
        covered.next = header.sequences.upperBound + 1
    }

    /// Removes what belongs to no segment, and what a kill left half made.
    private func removeStrays(_ segment: UInt64) throws {
        let segments = Set(try log.segments())
        for name in try log.storage.names(in: log.path) {
            let index = SegmentName.parsing(index: name)
            let isStray = index.map { !segments.contains($0.first) } ?? false
            if isStray || name.bytes.starts(with: SegmentName.unfinishedIndex.utf8) {
                try log.storage.unlink(log.path.appending(name))
            }
        }
    }
}

extension LogDirectory {
    /// Makes the index of a sealed segment. False: the segment is not whole.
    func makeIndex(of first: UInt64, temporary: String = SegmentName.unfinishedIndex) throws -> Bool
    {
        let file = try SegmentFile(first, in: self)
        guard let bytes = try IndexBuilder.index(of: file, 0..<(try file.size()), first: first)
        else { return false }
        try write(index: bytes, SegmentName.index(of: first), temporary: temporary)
        return true
    }

    /// Not forced to the disk: an index that a power cut damages is made again.
    func write(
        index bytes: [UInt8], _ name: String, temporary: String = SegmentName.unfinishedIndex
    ) throws(SystemError) {
        let home =
            SegmentName.parsing(index: FilePath(name)).map { self.home(of: $0.first) } ?? path
        let unfinished = home.appending(temporary)
        do throws(SystemError) {
            let file = try StoredFile(
                unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, storage: storage)
            try file.writeAll(bytes, at: 0)
            try storage.rename(unfinished, home.appending(name))
        } catch {
            // On a full disk its room is wanted by the records.
            if LogEnd.isFull(error) { try? storage.unlink(unfinished) }
            throw error
        }
    }
}
