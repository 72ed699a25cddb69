import Glibc
import Journal
import LinuxSystem
import Millrace
import Synchronization
import Vault

/// Waits for room on a full disk while a daemon starts: a service that ends instead is started again
/// a few times, and then not any more.
final class StartRoom: Sendable {
    private struct State {
        var since: Timestamp?
        var pause: PauseFile?
    }

    private let logger: Logger
    private let service: ServiceManager
    private let phase: LifePhase
    private let state = Mutex(State())

    init(_ logger: Logger, _ service: ServiceManager, _ phase: LifePhase) {
        self.logger = logger
        self.service = service
        self.phase = phase
    }

    /// Says in the file `pause`, too, that it waits. It is there when the workspace is locked.
    func tell(_ pause: PauseFile) { state.withLock { $0.pause = pause } }

    /// Takes a step, again and again while the disk has no room for it. The step must be one that can be
    /// taken again after it failed.
    ///
    /// - Throws: what is wrong but for that; `DaemonError.endedWaiting` when it is asked to end.
    func take<R: ~Copyable>(_ step: () throws -> R) throws -> R {
        while true {
            do {
                let result = try step()
                found()
                return result
            } catch {
                guard StartRoom.isDiskFull(error) else { throw error }
                missed(error)
            }
            goOn()
            if phase.isEnding { throw DaemonError.endedWaiting }
            poll(nil, 0, 1000)
        }
    }

    /// Asked by whoever waits for room, each time before it waits again.
    func givesUp() -> Bool {
        goOn()
        return phase.isEnding
    }

    /// The service manager takes a start that takes long for failed, unless it is told.
    private func goOn() {
        if phase.isStarting { service.starting("waiting for room on a full disk", seconds: 60) }
    }

    private func missed(_ error: any Error) {
        let isFirst = state.withLock { state in
            let isFirst = state.since == nil
            let since = state.since ?? WallClock.now
            state.since = since
            state.pause?.note(since)
            return isFirst
        }
        guard isFirst else { return }
        logger.log(
            .error, "the disk is full, the start waits for room, nothing is lost: \(error)")
    }

    private func found() {
        let hasWaited = state.withLock { state in
            defer { state.since = nil }
            if state.since != nil { state.pause?.note(nil) }
            return state.since != nil
        }
        if hasWaited { logger.log(.notice, "there is room again: the start goes on") }
    }

    private static func isDiskFull(_ error: any Error) -> Bool {
        switch error {
        case let error as SystemError: error.isDiskFull
        case let error as VaultError: error.isDiskFull
        case JournalError.system(let error): error.isDiskFull
        default: false
        }
    }
}
