import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// Runs the program of one external plugin on a thread of its own: starts it when there is something
/// to do, gives it one event at a time, and starts it anew when it has ended.
final class ExternalRunner: Sendable {
    private struct Waiting {
        let id: UInt64
        let request: ExternalRequest
        let continuation: CheckedContinuation<[ExternalEvent], any Error>
    }

    private struct State {
        var queue: [Waiting] = []
        /// Called off while the thread has them, or before they came.
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
        var hasThread = false
        var isStopping = false
        var stopped: [CheckedContinuation<Void, Never>] = []
    }

    private let layout: WorkspaceLayout
    private let plugin: PluginName
    private let path: @Sendable (Digest) -> String?
    private let log: @Sendable (LogLevel, String) -> Void
    private let state = Mutex(State())
    private let wake: WakeUp

    /// Between two starts of a program that keeps dying.
    private static let firstPause: Int64 = 100
    private static let longestPause: Int64 = 30_000
    /// What a program gets to end by itself.
    private static let grace: Int64 = 2000

    /// - Parameter path: where the bytes of a digest are.
    init(
        _ plugin: PluginName, _ layout: WorkspaceLayout,
        path: @escaping @Sendable (Digest) -> String?,
        log: @escaping @Sendable (LogLevel, String) -> Void
    ) throws {
        self.plugin = plugin
        self.layout = layout
        self.path = path
        self.log = log
        wake = try WakeUp()
    }

    func ask(_ request: ExternalRequest) async throws -> [ExternalEvent] {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        defer { state.withLock { _ = $0.cancelled.remove(id) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(Waiting(id: id, request: request, continuation: continuation))
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Ends the program. What waits fails; nothing is taken on any more.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                state.isStopping = true
                if !state.hasThread { return true }
                state.stopped.append(continuation)
                return false
            }
            if isOver { continuation.resume() } else { wake.signal() }
        }
    }

    private func add(_ waiting: Waiting) {
        enum Verdict { case refused(any Error), start, queued }
        let verdict: Verdict = state.withLock { state in
            if state.isStopping { return .refused(ReactionError("the daemon is stopping")) }
            if state.cancelled.contains(waiting.id) { return .refused(CancellationError()) }
            state.queue.append(waiting)
            defer { state.hasThread = true }
            return state.hasThread ? .queued : .start
        }
        switch verdict {
        case .refused(let error): waiting.continuation.resume(throwing: error)
        case .queued: wake.signal()
        case .start:
            do { try BlockingThread.start { self.work() } } catch {
                state.withLock { state in
                    state.hasThread = false
                    state.queue.removeAll { $0.id == waiting.id }
                }
                waiting.continuation.resume(throwing: error)
            }
        }
    }

    private func cancel(_ id: UInt64) {
        let waiting = state.withLock { state -> Waiting? in
            guard let place = state.queue.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return nil
            }
            return state.queue.remove(at: place)
        }
        waiting?.continuation.resume(throwing: timeout(waiting?.request))
        wake.signal()
    }

    private func timeout(_ request: ExternalRequest?) -> ReactionError {
        ReactionError("the program was not done within \(request?.settings.timeout ?? .zero)")
    }

    // MARK: on the thread

    private func work() {
        var shift = Shift()
        while step(&shift) {}
        let end = shift.session.map { $0.end(grace: ExternalRunner.grace) }
        if end != nil { log(.debug, "\(plugin): the program was ended") }
        shift.current?.continuation.resume(throwing: ReactionError("the daemon is stopping"))
        let (left, stopped) = state.withLock { state in
            defer { (state.queue, state.stopped, state.hasThread) = ([], [], false) }
            return (state.queue, state.stopped)
        }
        for waiting in left {
            waiting.continuation.resume(throwing: ReactionError("the daemon is stopping"))
        }
        for continuation in stopped { continuation.resume() }
    }

    /// What the thread has at hand.
    private struct Shift {
        var session: ExternalSession?
        var current: Waiting?
        /// The program is not started before this.
        var notBefore: Int64 = 0
        var pause = ExternalRunner.firstPause
    }

    /// False when it is time to stop.
    private func step(_ shift: inout Shift) -> Bool {
        wake.clear()
        let now = ProgramRunner.monotonicMilliseconds()
        let (isStopping, isCancelled) = state.withLock { state in
            (state.isStopping, shift.current.map { state.cancelled.contains($0.id) } ?? false)
        }
        if isStopping { return false }
        if isCancelled, let current = shift.current {
            shift.current = nil
            // Whatever it is doing, it must not go on doing it beside the next attempt.
            end(&shift, now, "it took too long")
            current.continuation.resume(throwing: timeout(current.request))
        }
        if shift.current == nil, now >= shift.notBefore {
            shift.current = state.withLock { $0.queue.isEmpty ? nil : $0.queue.removeFirst() }
            if shift.current != nil { begin(&shift, now) }
        }
        listen(&shift, now)
        return true
    }

    /// Gives the program an event, and starts it when it does not run as it should.
    private func begin(_ shift: inout Shift, _ now: Int64) {
        guard let request = shift.current?.request else { return }
        do {
            let (program, file) = try Trust.plugin(request.settings.program, layout)
            if let session = shift.session,
                session.external != request.settings || session.file != file
            {
                _ = session.end(grace: ExternalRunner.grace)
                shift.session = nil
                log(.notice, "\(plugin): the program has changed and is started anew")
            }
            if shift.session == nil {
                shift.session = try ExternalSession(
                    request, program: program, file: file, workspace: layout.root, at: now)
                log(.debug, "\(plugin): started \(program.description)")
            }
            if let step = shift.session?.conversation.offer(at: now) { perform(step, &shift, now) }
        } catch {
            fail(&shift, error)
            delay(&shift, now)
        }
    }

    /// Waits for whatever comes next.
    private func listen(_ shift: inout Shift, _ now: Int64) {
        let isWaiting = state.withLock { !$0.queue.isEmpty }
        var due = shift.session?.conversation.deadline
        if shift.current == nil, isWaiting { due = min(due ?? .max, max(shift.notBefore, now)) }
        let left = due.map { max(0, $0 - now) } ?? -1
        guard let session = shift.session else {
            _ = try? waitReadable([wake.descriptor.raw], milliseconds: left < 0 ? nil : Int(left))
            return
        }
        guard let ready = try? session.wait(wake.descriptor.raw, milliseconds: left) else { return }
        for line in ready.complaints { log(.info, "\(plugin): \(line)") }
        let later = ProgramRunner.monotonicMilliseconds()
        for word in ready.words where shift.session != nil {
            switch word {
            case .success(let word):
                perform(session.conversation.heard(word, at: later), &shift, later)
            case .failure(let error):
                end(&shift, later, "\(error)")
            }
        }
        if ready.isOver, shift.session != nil { end(&shift, later, nil) }
        if shift.session != nil { perform(session.conversation.waited(at: later), &shift, later) }
    }

    private func perform(_ step: ExternalConversation.Step, _ shift: inout Shift, _ now: Int64) {
        switch step {
        case .nothing: return
        case .sendPing(let number): shift.session?.send(ExternalProtocol.ping(number))
        case .sendEvent:
            guard let request = shift.current?.request else { return }
            do {
                let path = path
                shift.session?.send(try ExternalProtocol.event(request) { path($0) })
            } catch {
                fail(&shift, error)
                end(&shift, now, "its event could not be sent")
            }
        case .answer(let events):
            shift.pause = ExternalRunner.firstPause
            let current = shift.current
            shift.current = nil
            current?.continuation.resume(returning: events)
        case .refuse(let text, let retryable):
            shift.pause = ExternalRunner.firstPause
            fail(&shift, ReactionError(text, retryable: retryable))
        case .note(let text): log(.info, "\(plugin): \(text)")
        case .end(let why): end(&shift, now, why)
        }
    }

    private func fail(_ shift: inout Shift, _ error: any Error) {
        let current = shift.current
        shift.current = nil
        current?.continuation.resume(throwing: error)
    }

    /// Ends the program, because of what it did or because it has ended already.
    private func end(_ shift: inout Shift, _ now: Int64, _ why: String?) {
        guard let session = shift.session else { return }
        shift.session = nil
        let how = session.end()
        let reason = why.map { "\($0); \(how)" } ?? how
        log(.warning, "\(plugin): \(reason)")
        if shift.current != nil { fail(&shift, ReactionError(reason)) }
        delay(&shift, now)
    }

    private func delay(_ shift: inout Shift, _ now: Int64) {
        shift.notBefore = now + shift.pause
        shift.pause = min(shift.pause * 2, ExternalRunner.longestPause)
    }
}
