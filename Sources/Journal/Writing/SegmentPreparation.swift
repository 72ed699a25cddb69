import Glibc
import LinuxSystem
import Synchronization

/// Fills the next segment with newlines in the background, under another name, so that rolling costs
/// a rename. It goes no faster than the segment in use fills up, because both use the same disk.
/// It is a help and nothing more: where it fails, or is late, a segment is made when it is needed.
final class SegmentPreparation {
    private let progress: Progress
    private let thread: WorkThread?
    /// Bytes that the segment shall have.
    let size: Int

    /// Small, so that a commit that waits for the disk at the same time does not wait long.
    private static let piece = 256 << 10

    /// What the thread and its owner share.
    private final class Progress: Sendable {
        let state = Mutex(State())
        let changed = Semaphore()

        struct State {
            var allowed = 0
            var filled = 0
            var isCancelled = false
            var isWaiting = false
            /// The file, when it is filled and forced to the disk.
            var file: StoredFile?

            func isDue(of size: Int) -> Bool {
                isCancelled || allowed >= min(filled + SegmentPreparation.piece, size)
            }
        }
    }

    init(size: Int, in directory: FilePath, storage: any Storage) {
        self.size = size
        let progress = Progress()
        self.progress = progress
        thread = WorkThread {
            let path = directory.appending(SegmentName.next)
            do throws(SystemError) {
                let file = try SegmentPreparation.fill(path, size, progress, storage)
                progress.state.withLock { $0.file = file }
            } catch {
                // On a full disk its room is wanted by the records.
                if LogEnd.isFull(error) { try? storage.unlink(path) }
            }
        }
    }

    /// Lets it fill so many bytes by now.
    func allow(_ bytes: Int) {
        let wakes = progress.state.withLock { state in
            state.allowed = max(state.allowed, bytes)
            let wakes = state.isWaiting && state.isDue(of: size)
            if wakes { state.isWaiting = false }
            return wakes
        }
        if wakes { progress.changed.signal() }
    }

    var isReady: Bool { progress.state.withLock { $0.file != nil } }

    /// Ends the work. Returns the file if it is filled; nothing writes to it any more. Must be called
    /// once, before anything else is done with the name.
    func finish() -> StoredFile? {
        progress.state.withLock { $0.isCancelled = true }
        progress.changed.signal()
        thread?.join()
        return progress.state.withLock { $0.file }
    }

    private static func fill(
        _ path: FilePath, _ size: Int, _ progress: Progress, _ storage: any Storage
    ) throws(SystemError) -> StoredFile? {
        let file = try StoredFile(
            path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, storage: storage)
        let filler = [UInt8](repeating: RecordFormat.newline, count: min(piece, size))
        var filled = 0
        while filled < size {
            while true {
                let isDue = progress.state.withLock { state in
                    state.filled = filled
                    state.isWaiting = !state.isDue(of: size)
                    return !state.isWaiting
                }
                if isDue { break }
                progress.changed.wait()
            }
            if progress.state.withLock({ $0.isCancelled }) { return nil }
            let count = min(filler.count, size - filled)
            try file.writeAll(count == filler.count ? filler : Array(filler[..<count]), at: filled)
            try file.syncData()
            filled += count
        }
        return file
    }
}
