import Glibc
import LinuxSystem
import Millrace
import Runtime

/// Leaves a mark when the process dies of a fault of its own, so that the next start can tell a crash
/// from a kill.
enum CrashMark {
    /// Written once, before the handler can run.
    nonisolated(unsafe) private static var descriptor: CInt = -1

    static func install(_ record: InFlightRecord) {
        descriptor = record.descriptor
        for fatal in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
            signal(fatal) { number in
                // Nothing but what signal-safety(7) allows.
                var mark = UInt8(ascii: "!")
                _ = pwrite(CrashMark.descriptor, &mark, 1, 0)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}

extension Daemon {
    /// After so many crashes, or so many deaths from outside, an event is set aside.
    private static let crashLimit = 3
    private static let killLimit = 10

    /// What to write down about the reactions that ran when the last process died.
    func interruptions(_ history: DeliveryHistory) throws -> [EventDraft] {
        var drafts: [EventDraft] = []
        let remains = inFlight.remains
        for entry in Set(remains.entries) {
            guard let position = history.positions[entry.plugin],
                position.pending.contains(entry.sequence)
            else { continue }
            let count = (position.interruptions[entry.sequence] ?? 0) + 1
            if count >= (remains.hasTrapped ? Daemon.crashLimit : Daemon.killLimit) {
                let dead = ReactionDeadLettered(
                    plugin: entry.plugin, sequences: [entry.sequence], attempts: count,
                    error: "the process died \(count) times while this ran: a crash of the plugin, "
                        + "or not enough memory")
                drafts.append(try Intake.outside(dead, actor: .system, at: WallClock.now))
            } else {
                let interrupted = ReactionInterrupted(
                    plugin: entry.plugin, sequence: entry.sequence, count: count,
                    trapped: remains.hasTrapped)
                drafts.append(try Intake.outside(interrupted, actor: .system, at: WallClock.now))
            }
        }
        return drafts
    }
}
