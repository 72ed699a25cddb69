import Millrace
import Testing

@testable import Runtime

@Suite struct CoolDownClockTests {
    private let day = Timestamp(microseconds: 86_400_000_000)

    private func event<P: EventPayload>(_ payload: P, _ sequence: UInt64) throws -> Event {
        let id = EventID(high: 1, low: sequence)
        return Event(
            sequence: sequence, id: id, type: P.type, version: P.version, subject: payload.subject,
            time: Timestamp(microseconds: Int64(sequence)), actor: .system, causation: nil,
            correlation: id, payload: try JSONValue(encoding: payload).bytes)
    }

    private func putOff(_ until: Timestamp) throws -> Event {
        try event(TrainingDeferred(pipeline: "delays", reason: "too early", until: until), 1)
    }

    @Test func `what both histories put off is ended by the journal alone`() throws {
        var clock = CoolDownClock()
        clock.note(was: try putOff(day))
        clock.note(wouldBe: try putOff(day))
        let later = day.advanced(bySeconds: 5)
        #expect(clock.next(through: later) == nil)
        let ended = try event(CoolDownEnded(pipeline: "delays", due: day), 2)
        #expect(!clock.isOfJournalAlone(ended))
    }

    @Test func `what the what-if alone put off ends when it is due, once`() throws {
        var clock = CoolDownClock()
        clock.note(wouldBe: try putOff(day))
        #expect(clock.next(through: day.advanced(bySeconds: -1)) == nil)
        let ended = try #require(clock.next(through: day))
        #expect(ended.pipeline == "delays" && ended.due == day)
        clock.note(wouldBe: try event(ended, 2))
        #expect(clock.next(through: day.advanced(bySeconds: 9)) == nil)
    }

    @Test func `the end of what the what-if did not put off is not in it`() throws {
        var clock = CoolDownClock()
        clock.note(was: try putOff(day))
        #expect(clock.isOfJournalAlone(try event(CoolDownEnded(pipeline: "delays", due: day), 2)))
        // One that nothing was known of is none of the differences.
        let other = try event(CoolDownEnded(pipeline: "other", due: day), 3)
        #expect(!clock.isOfJournalAlone(other))
    }
}
