package import Millrace

/// What the journal says about the schedule: its entries, and up to when each has been seen to.
package struct ScheduleRecord: Projection, Codable {
    package static let types: [any EventPayload.Type] = [
        SettingsAccepted.self, ScheduleDue.self, TrainingDeferred.self, TrainingRequested.self,
        CoolDownEnded.self,
    ]

    package struct Entry: Hashable, Sendable, Codable {
        package var settings: ScheduleEntry
        /// What was due up to here is done: the last event of the entry, or when it came into force.
        package var settled: Timestamp
        /// The last event of it.
        package var lastDue: Timestamp?
    }

    package private(set) var entries: [String: Entry] = [:]
    /// By pipeline: when a training that was put off is looked at again.
    package private(set) var coolDowns: [String: Timestamp] = [:]

    package init() {}

    package mutating func apply(_ event: Event) {
        switch event.type {
        case SettingsAccepted.type:
            guard let accepted = event.payload(as: SettingsAccepted.self) else { return }
            entries = Dictionary(
                uniqueKeysWithValues: accepted.settings.schedule.map { name, settings in
                    guard var known = entries[name], known.settings.isDueLike(settings) else {
                        return (name, Entry(settings: settings, settled: event.time))
                    }
                    known.settings = settings
                    return (name, known)
                })
        case ScheduleDue.type:
            guard let due = event.payload(as: ScheduleDue.self) else { return }
            entries[due.name]?.settled = due.due
            entries[due.name]?.lastDue = due.due
        case TrainingDeferred.type:
            guard event.mayHave("until", of: TrainingDeferred.self),
                let deferred = event.members(of: TrainingDeferred.self),
                let until = deferred.value("until", as: Timestamp.self)
            else { return }
            coolDowns[event.subject.name] = until
        case TrainingRequested.type: coolDowns[event.subject.name] = nil
        case CoolDownEnded.type: coolDowns[event.subject.name] = nil
        default: break
        }
    }
}

extension ScheduleEntry {
    /// Due at the same moments.
    fileprivate func isDueLike(_ other: ScheduleEntry) -> Bool {
        cron == other.cron && zone == other.zone && every == other.every
    }
}
