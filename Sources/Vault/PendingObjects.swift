import CLinux
import Glibc
import LinuxSystem
import Synchronization

/// What was stored and is not yet known to be on the disk.
///
/// Small objects are in the log of recent ones, if there is one, and are forced with it. Of the others
/// a few are forced one by one; many with one syncfs, which costs the same for ten thousand.
final class PendingObjects: Sendable {
    /// Beyond this many, one syncfs is cheaper than a sync of each. It also bounds the descriptors
    /// that are held.
    static let individualLimit = 32

    private struct State {
        /// Raw descriptors of objects, open and owned here.
        var files: [CInt] = []
        /// Directories that got a new name.
        var directories: Set<FilePath> = []
        /// More objects than are kept one by one.
        var wantsFileSystemSync = false
        var failure: SystemError?
        var counter: UInt64 = 0
        /// The writer's alone.
        var recent: RecentLog?
    }

    private let directory: FilePath
    /// What is in the log and has no name yet.
    let unplaced = UnplacedObjects()
    private let state = Guarded(State())
    /// Wakes the thread that gives names.
    private let placing = ThreadSemaphore()
    /// It has been woken, and has yet to look what there is.
    private let isPlacingDue = Guarded(false)
    /// Held for a whole sync, so that one who finds nothing pending does not return before the one
    /// who took it has finished.
    private let syncing = Mutex(())
    /// Held while recent objects are forced under their names, so that a second call waits for the first.
    let settling = Mutex(())

    init(directory: FilePath) { self.directory = directory }

    deinit {
        placing.signal()
        state.withLock { for raw in $0.files { _ = Glibc.close(raw) } }
    }

    /// A name that no other object of this process is written under.
    func temporaryName() throws(VaultError) -> String {
        try check()
        let counter = state.withLock { state in
            state.counter += 1
            return state.counter
        }
        return "\(getpid())-\(counter)"
    }

    /// - Throws: `unreliable` after a failed sync.
    func check() throws(VaultError) {
        if let failure = state.withLock({ $0.failure }) { throw .unreliable(failure) }
    }

    /// Takes over an object that has its name, to be forced by the next `sync`.
    func add(_ file: consuming FileDescriptor, in shard: FilePath) {
        let raw = file.release()
        let surplus = state.withLock { state in
            state.directories.insert(shard)
            if state.wantsFileSystemSync || state.files.count >= Self.individualLimit {
                defer { state.files = [] }
                state.wantsFileSystemSync = true
                return state.files + [raw]
            }
            state.files.append(raw)
            return []
        }
        for raw in surplus { _ = Glibc.close(raw) }
    }

    func addDirectory(_ path: FilePath) {
        state.withLock { _ = $0.directories.insert(path) }
    }

    func sync() throws(VaultError) {
        try syncing.withLock { _ throws(VaultError) in
            let taken = state.withLock { state in
                let copy = state
                state.files = []
                state.directories = []
                state.wantsFileSystemSync = false
                return copy
            }
            defer { for raw in taken.files { _ = Glibc.close(raw) } }
            if let failure = taken.failure { throw .unreliable(failure) }
            do throws(SystemError) {
                try force(taken)
            } catch {
                fail(error)
                throw .system(error, doing: "forcing stored bytes to the disk")
            }
        }
    }

    /// Hands recent objects to the disk; all others are forced.
    func handOver() throws(VaultError) {
        let isPlain = state.withLock { state in
            state.failure == nil && state.files.isEmpty && state.directories.isEmpty
                && !state.wantsFileSystemSync
        }
        guard isPlain, let recent else { return try sync() }
        // Whoever forces them at the moment is waited for.
        try syncing.withLock { _ throws(VaultError) in
            do throws(SystemError) { try recent.handOver() } catch {
                fail(error)
                throw .system(error, doing: "writing stored bytes to the disk")
            }
        }
    }

    /// Starts the thread that gives stored objects their names.
    func startPlacing() {
        let (directory, placing) = (directory, placing)
        // Without it they get them when somebody wants them, and when the log is cleaned.
        try? DetachedThread.start { [weak self] in
            while true {
                placing.wait()
                // To make a file takes a processor for longer than to make its bytes durable, and the
                // next drop of a burst would wait for it.
                poll(nil, 0, Self.placingDelay)
                guard let self else { return }
                isPlacingDue.withLock { $0 = false }
                // What there is no room for now is tried again with the next, and by the cleaning.
                try? Vault(directory, self).placeAll()
            }
        }
    }

    /// Milliseconds.
    private static let placingDelay: CInt = 25

    /// Gives stored objects their names soon.
    func placeSoon() {
        let isFirst = isPlacingDue.withLock { isDue in
            defer { isDue = true }
            return !isDue
        }
        if isFirst { placing.signal() }
    }

    private func force(_ taken: State) throws(SystemError) {
        try taken.recent?.sync()
        if taken.wantsFileSystemSync {
            try syncFileSystem()
            return
        }
        // The object has its name already, so on journaling file systems this one sync commits bytes
        // and name together, and that of the directory finds nothing left to write.
        for raw in taken.files { try systemCall("fsync") { fsync(raw) } }
        for path in taken.directories { try Files.syncDirectory(path) }
    }

    func syncFileSystem() throws(SystemError) {
        let root = try FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY)
        try systemCall("syncfs", directory.description) { clinux_syncfs(root.raw) }
    }

    /// After this nothing is promised any more.
    func fail(_ error: SystemError) { state.withLock { $0.failure = error } }

    var recent: RecentLog? {
        get { state.withLock { $0.recent } }
        set { state.withLock { $0.recent = newValue } }
    }
}
