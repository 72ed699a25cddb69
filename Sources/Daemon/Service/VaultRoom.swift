import LinuxSystem
import Millrace
import Vault

/// Which drops the vault has no room for, so that `status` says that they wait.
final class VaultRoom: Sendable {
    private struct State {
        /// By inode: when it was tried last. One that is not tried any more was taken away.
        var waiting: [UInt64: Timestamp] = [:]
        var since: Timestamp?

        mutating func forgetOld(at now: Timestamp) {
            waiting = waiting.filter { now <= $0.value.advanced(bySeconds: PauseFile.longestTrial) }
            if waiting.isEmpty { since = nil }
        }
    }

    private let pause: PauseFile
    private let log: @Sendable (LogLevel, String) -> Void
    private let state = Guarded(State())

    init(_ pause: PauseFile, log: @escaping @Sendable (LogLevel, String) -> Void) {
        self.pause = pause
        self.log = log
    }

    /// Stores a drop, and notes what comes of it.
    func watching<R>(
        _ inode: UInt64, _ store: () throws(VaultError) -> R
    ) throws(VaultError) -> R {
        do throws(VaultError) {
            let stored = try store()
            found(inode)
            return stored
        } catch {
            if error.isDiskFull { missed(inode) } else { found(inode) }
            throw error
        }
    }

    private func missed(_ inode: UInt64) {
        let now = WallClock.now
        let isFirst = state.withLock { state in
            state.forgetOld(at: now)
            state.waiting[inode] = now
            let isFirst = state.since == nil
            let since = state.since ?? now
            state.since = since
            pause.noteVault(since, tried: now)
            return isFirst
        }
        if isFirst {
            log(.error, "the vault has no room for a drop: waiting for room, nothing is lost")
        }
    }

    private func found(_ inode: UInt64) {
        let hasRoom = state.withLock { state in
            guard state.waiting.removeValue(forKey: inode) != nil else { return false }
            state.forgetOld(at: WallClock.now)
            guard state.since == nil else { return false }
            pause.noteVault(nil)
            return true
        }
        if hasRoom { log(.notice, "the vault has no drop waiting for room any more") }
    }
}

extension VaultError {
    var isDiskFull: Bool {
        if case .system(let error, _) = self { error.isDiskFull } else { false }
    }
}
