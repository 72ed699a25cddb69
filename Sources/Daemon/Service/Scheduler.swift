import LinuxSystem
import Millrace
import Runtime
import Synchronization

/// The schedule of a daemon: sets the timer to the next due moment, and says what is due.
final class Scheduler: Sendable {
    let timer: WallTimer
    private let state: Mutex<ScheduleStateMachine>
    private let log: @Sendable (String) -> Void

    init(
        _ schedule: [String: ScheduleEntry], log: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        timer = try WallTimer()
        self.log = log
        state = Mutex(Scheduler.machine(schedule, log))
    }

    private static func machine(
        _ schedule: [String: ScheduleEntry], _ log: (String) -> Void
    ) -> ScheduleStateMachine {
        let (times, problems) = TimeZoneFiles.times(schedule)
        for (name, problem) in problems { log("schedule.\(name) is never due: \(problem)") }
        return ScheduleStateMachine(times)
    }

    /// Other settings are in force.
    func configure(_ schedule: [String: ScheduleEntry]) {
        let machine = Scheduler.machine(schedule, log)
        state.withLock { $0 = machine }
    }

    /// What is due now, and not yet in the journal; sets the timer to what comes next.
    func due(_ record: ScheduleRecord) throws -> [EventDraft] {
        let now = WallClock.now
        let (entries, coolDowns, next) = state.withLock { state in
            let (entries, coolDowns) = state.due(at: now, record)
            return (entries, coolDowns, state.nextDue(record))
        }
        try timer.set(next?.microseconds)
        return try entries.map { try Intake.outside($0, actor: .system, at: now) }
            + coolDowns.map { try Intake.outside($0, actor: .system, at: now) }
    }
}
