import Millrace

/// The cool-downs of both histories. The end of one that the journal has as well is in the journal, if
/// it came to it; of one that only the what-if has, nobody was told: its clock goes there.
struct CoolDownClock {
    private var was = ScheduleRecord()
    private var wouldBe = ScheduleRecord()

    /// An event of the journal.
    mutating func note(was event: Event) { was.apply(event) }

    /// An event of the what-if.
    mutating func note(wouldBe event: Event) { wouldBe.apply(event) }

    /// The next end of a cool-down of the what-if alone, up to a time.
    func next(through time: Timestamp) -> CoolDownEnded? {
        wouldBe.coolDowns.filter { $0.value <= time && was.coolDowns[$0.key] != $0.value }
            .min { ($0.value, $0.key) < ($1.value, $1.key) }
            .map { CoolDownEnded(pipeline: $0.key, due: $0.value) }
    }

    /// Whether a record tells the end of a cool-down that the what-if does not have.
    func isOfJournalAlone(_ event: Event) -> Bool {
        guard let ended = event.payload(as: CoolDownEnded.self) else { return false }
        return was.coolDowns[ended.pipeline] == ended.due
            && wouldBe.coolDowns[ended.pipeline] != ended.due
    }
}
