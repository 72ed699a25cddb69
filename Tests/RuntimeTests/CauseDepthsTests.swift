import Millrace
import Testing

@testable import Runtime

@Suite struct CauseDepthsTests {
    private func event(_ sequence: UInt64, cause: UInt64?) -> Event {
        let id = EventID(high: 9, low: sequence)
        return Event(
            sequence: sequence, id: id, type: "test.event", version: 1, subject: .workspace,
            time: Timestamp(microseconds: 0), actor: .system,
            causation: cause.map { EventID(high: 9, low: $0) }, correlation: id, payload: [])
    }

    @Test func `a chain is counted over any distance that is looked back`() {
        var depths = CauseDepths()
        for sequence in 1...200_000 as ClosedRange<UInt64> {
            // Each thousandth causes the next thousandth.
            let isLink = sequence % 1000 == 0 && sequence > 1000
            depths.record(event(sequence, cause: isLink ? sequence - 1000 : nil))
        }
        #expect(depths.depth(of: EventID(high: 9, low: 200_000)) == 199)
        #expect(depths.depth(of: EventID(high: 9, low: 199_999)) == 0)
        #expect(depths.depth(of: EventID(high: 9, low: 2000)) == 0)
    }

    @Test func `what is known is the same wherever the reading began`() {
        let unsettled: Set<UInt64> = [10, 20_000, 40_000, 70_000, 99_000]
        var whole = CauseDepths()
        var again: CauseDepths?
        for sequence in 1...140_000 as ClosedRange<UInt64> {
            let one = event(sequence, cause: sequence > 5 ? sequence - 5 : nil)
            whole.record(one)
            again?.record(one)
            // A snapshot now and then, of what is yet to be handled.
            if sequence % 9000 == 0 {
                let pending = unsettled.filter { $0 <= sequence }
                #expect(
                    again.map { $0.kept(pending).map(\.sequence) }
                        ?? whole.kept(pending).map(\.sequence)
                        == whole.kept(pending).map(\.sequence))
                again = CauseDepths(whole.kept(pending.union([sequence - 4, sequence])))
            }
        }
    }
}
