import LinuxSystem
import Millrace

/// A large file that is being copied beside the watcher's thread.
final class AsideCopy: Sendable {
    let id: FileTree.NodeID
    let epoch: UInt32
    let file: FileDescriptor
    let status: FileStatus

    init(
        id: FileTree.NodeID, epoch: UInt32, file: consuming FileDescriptor, status: FileStatus
    ) {
        self.id = id
        self.epoch = epoch
        self.file = file
        self.status = status
    }
}

/// Copies large files one after the other on a thread of its own, which sleeps without any.
final class AsideQueue: Sendable {
    private struct State {
        var waiting: [AsideCopy] = []
        var finished: [(AsideCopy, Result<Digest, any Error>)] = []
        var hasEnded = false
    }

    private let state = Guarded(State())
    private let semaphore = ThreadSemaphore()

    /// - Parameter notify: called after each copy, on the thread that made it.
    init(
        ingest: @escaping Watcher.Ingest, notify: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        try DetachedThread.start { [self] in
            while let copy = next() {
                let result = Result { try ingest(copy.file, copy.status) }
                state.withLock { $0.finished.append((copy, result)) }
                notify()
            }
        }
    }

    func append(_ copy: AsideCopy) {
        state.withLock { $0.waiting.append(copy) }
        semaphore.signal()
    }

    func takeFinished() -> [(AsideCopy, Result<Digest, any Error>)] {
        state.withLock { state in
            defer { state.finished = [] }
            return state.finished
        }
    }

    /// Ends the thread after the copy that it is at.
    func end() {
        state.withLock { $0.hasEnded = true }
        semaphore.signal()
    }

    private func next() -> AsideCopy? {
        semaphore.wait()
        return state.withLock { state in
            state.hasEnded || state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }
    }
}
