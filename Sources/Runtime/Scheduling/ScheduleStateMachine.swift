package import Millrace

/// Decides what is due. Pure: it is told the time and what the journal says, and answers with events.
///
/// What is due follows from the settings, the journal and the clock alone, so that it does not matter
/// when it is asked, or how often: after a restart, a jump of the clock or a long sleep of the machine
/// an entry gives the one event that the journal does not have yet.
package struct ScheduleStateMachine: Sendable {
    /// Later than this is missed.
    private static let graceSeconds = 60.0
    /// A clock that is set back by more than this was wrong before: what it had settled does not count.
    private static let backwardSeconds = 86_400.0
    /// Missed moments are counted up to here.
    private static let missedLimit = 1000

    private let times: [String: DueTimes]
    /// Where an entry goes on instead of at what the journal says is settled: it was passed over without
    /// an event, or the clock was set back.
    private var goingOn: [String: (from: Timestamp, instead: Timestamp)] = [:]
    /// Given out and not yet journaled: what was settled then. It is journaled when that has changed.
    private var asked: [String: Timestamp] = [:]
    private var askedCoolDowns: [String: Timestamp] = [:]

    /// - Parameter times: the moments of each entry of the settings; what is not here is never due.
    package init(_ times: [String: DueTimes]) { self.times = times }

    /// What is due now and has not been given out. The caller journals all of it.
    package mutating func due(
        at now: Timestamp, _ record: ScheduleRecord
    ) -> (entries: [ScheduleDue], coolDowns: [CoolDownEnded]) {
        var entries: [ScheduleDue] = []
        for (name, entry) in record.entries.sorted(by: { $0.key < $1.key })
        where asked[name] != entry.settled {
            guard let times = times[name], let found = due(name, entry, times, now) else {
                continue
            }
            asked[name] = entry.settled
            entries.append(found)
        }
        let over = record.coolDowns.filter { $0.value <= now && askedCoolDowns[$0.key] != $0.value }
            .sorted { $0.key < $1.key }
        for (pipeline, until) in over { askedCoolDowns[pipeline] = until }
        return (entries, over.map { CoolDownEnded(pipeline: $0.key, due: $0.value) })
    }

    private mutating func due(
        _ name: String, _ entry: ScheduleRecord.Entry, _ times: DueTimes, _ now: Timestamp
    ) -> ScheduleDue? {
        if goingOn[name]?.instead != entry.settled,
            entry.settled.seconds(since: now) > ScheduleStateMachine.backwardSeconds
        {
            goingOn[name] = (now, entry.settled)
        }
        guard let first = times.next(after: settled(name, entry)), first <= now,
            let last = times.last(through: now), last >= first
        else { return nil }
        if entry.settings.missed == .skip,
            now.seconds(since: last) > ScheduleStateMachine.graceSeconds
        {
            goingOn[name] = (last, entry.settled)
            return nil
        }
        var missed = 0
        var next = first
        while next < last, missed < ScheduleStateMachine.missedLimit,
            let following = times.next(after: next)
        {
            missed += 1
            next = following
        }
        let pipeline = entry.settings.retrain
        return ScheduleDue(
            name: name, due: last, missed: missed, retrain: pipeline.isEmpty ? nil : pipeline)
    }

    private func settled(_ name: String, _ entry: ScheduleRecord.Entry) -> Timestamp {
        if let other = goingOn[name], other.instead == entry.settled { return other.from }
        return entry.settled
    }

    /// When to ask again; nil when nothing will be due.
    package func nextDue(_ record: ScheduleRecord) -> Timestamp? {
        let entries = record.entries.compactMap { name, entry in
            asked[name] == entry.settled
                ? nil : times[name]?.next(after: settled(name, entry))
        }
        let coolDowns = record.coolDowns.filter { askedCoolDowns[$0.key] != $0.value }.map(\.value)
        return (entries + coolDowns).min()
    }
}
