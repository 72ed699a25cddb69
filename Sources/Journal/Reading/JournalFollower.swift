import CLinux
import Glibc
import LinuxSystem
package import Millrace
import Synchronization

/// Waits for events that another thread or process appends. The kernel wakes it when the writer
/// notes a new head, which it does after each sync; between two events nothing runs.
package final class JournalFollower: @unchecked Sendable {
    // Unchecked: `next` is for one thread at a time; `stop` touches descriptors alone.
    private let cursor: JournalCursor
    private let directory: FilePath
    private let notifications: FileDescriptor
    private let wake: FileDescriptor
    private var watchesHead = false

    init(_ reader: JournalReader, from sequence: UInt64) throws(JournalError) {
        directory = reader.directory
        cursor = try reader.cursor(from: sequence)
        do throws(SystemError) {
            notifications = FileDescriptor(
                owning: try systemCall("inotify_init1") {
                    inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
                })
            wake = FileDescriptor(owning: try systemCall("eventfd") { clinux_eventfd() })
            try watch()
        } catch {
            throw .system(error)
        }
    }

    /// The sequence that comes next.
    package var position: UInt64 { cursor.position }

    /// The next whole batch, waiting for it if need be; nil after `stop`, and when the time ran out.
    package func next(milliseconds: Int? = nil) throws(JournalError) -> [Event]? {
        while true {
            if let batch = try cursor.nextBatch() { return batch }
            var isOver = false
            do throws(SystemError) {
                isOver = try !waitForChange(milliseconds)
                if !watchesHead { try watch() }
            } catch {
                throw .system(error)
            }
            if isOver { return try cursor.nextBatch() }
        }
    }

    /// Ends the waiting, now and for good. From any thread.
    package func stop() {
        var one: UInt64 = 1
        _ = write(wake.raw, &one, 8)
    }

    /// Looks at the head file, or at the directory until there is one.
    private func watch() throws(SystemError) {
        if try watchHead() { return }
        try directory.withCString { path throws(SystemError) in
            _ = try systemCall("inotify_add_watch", directory.description) {
                inotify_add_watch(notifications.raw, path, UInt32(IN_CREATE | IN_MOVED_TO))
            }
        }
        // It may have been made between the two calls.
        _ = try watchHead()
    }

    /// False: there is no head file yet.
    private func watchHead() throws(SystemError) -> Bool {
        let head = directory.appending(SegmentName.head)
        do throws(SystemError) {
            try head.withCString { path throws(SystemError) in
                _ = try systemCall("inotify_add_watch", head.description) {
                    inotify_add_watch(notifications.raw, path, UInt32(IN_MODIFY))
                }
            }
        } catch {
            guard error.errno == .notFound else { throw error }
            return false
        }
        watchesHead = true
        return true
    }

    /// False: stopped, or the time ran out.
    private func waitForChange(_ milliseconds: Int?) throws(SystemError) -> Bool {
        var waits = [
            pollfd(fd: notifications.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.raw, events: Int16(POLLIN), revents: 0),
        ]
        let ready = try systemCall("poll") {
            poll(&waits, 2, milliseconds.map { CInt(clamping: $0) } ?? -1)
        }
        if ready == 0 || waits[1].revents != 0 { return false }
        try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) {
            buffer throws(SystemError) in
            // What changed does not matter: the cursor looks for itself.
            while Glibc.read(notifications.raw, buffer.baseAddress, buffer.count) > 0 {}
        }
        return true
    }
}

extension JournalReader {
    /// Follows the journal from a sequence on, for a thread that may wait.
    package func follower(from sequence: UInt64 = 1) throws(JournalError) -> JournalFollower {
        try JournalFollower(self, from: sequence)
    }

    /// Follows the journal from a sequence on. A thread of its own waits; it reads on when the
    /// batch before was taken, so a slow consumer holds nothing up and uses no memory.
    package func follow(
        from sequence: UInt64 = 1
    ) throws(JournalError) -> AsyncThrowingStream<[Event], any Error> {
        let follower = try follower(from: sequence)
        let handle = FollowHandle(FollowThread(follower))
        try handle.thread.start()
        return AsyncThrowingStream { try await handle.thread.next() }
    }
}

/// Ends the thread when nobody can ask it any more.
private final class FollowHandle: Sendable {
    let thread: FollowThread

    init(_ thread: FollowThread) { self.thread = thread }

    deinit { thread.end() }
}

/// Gives the batches of a follower to an asynchronous consumer, one when it asks for one.
private final class FollowThread: Sendable {
    private let follower: JournalFollower
    private let state = Mutex(State())
    private let asked = Semaphore()

    private struct State {
        var waiting: CheckedContinuation<[Event]?, any Error>?
        var isOver = false
    }

    init(_ follower: JournalFollower) { self.follower = follower }

    func start() throws(JournalError) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<FollowThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        if code != 0 {
            box.release()
            throw .system(SystemError(Errno(code), "pthread_create"))
        }
        pthread_detach(thread)
    }

    func next() async throws -> [Event]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<[Event]?, any Error>) in
                let isOver = state.withLock { state in
                    if !state.isOver { state.waiting = continuation }
                    return state.isOver
                }
                if isOver { continuation.resume(returning: nil) } else { asked.signal() }
            }
        } onCancel: {
            end()
        }
    }

    /// The thread stops, and whoever waits gets nil.
    func end() {
        state.withLock { $0.isOver = true }
        follower.stop()
        asked.signal()
    }

    private func run() {
        while true {
            asked.wait()
            let isOver = state.withLock { $0.isOver }
            let result: Result<[Event]?, any Error> =
                isOver ? .success(nil) : Result { try follower.next() }
            var isLast = true
            if case .success(.some) = result { isLast = false }
            let waiting = state.withLock { state in
                state.isOver = state.isOver || isLast
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume(with: result)
            if isLast { return }
        }
    }
}
