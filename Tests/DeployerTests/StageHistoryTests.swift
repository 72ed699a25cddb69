import Deployer
import Millrace
import Testing

@Suite struct StageHistoryTests {
    private func history(_ tenures: [(Int, Bool)]) -> StageHistory {
        var registry = ModelRegistry()
        for (index, tenure) in tenures.enumerated() {
            let deployed = DeploymentCompleted(
                model: "m", version: tenure.0, artifact: Digest(words: (0, 0, 0, 0)),
                stage: "production", previous: nil, isRollback: tenure.1)
            guard
                let draft = try? EventDraft(
                    deployed, id: EventID(high: 0, low: UInt64(index)), actor: .system)
            else { continue }
            registry.apply(
                Event(
                    sequence: UInt64(index) + 1, id: draft.id, type: draft.type, version: 1,
                    subject: draft.subject, time: Timestamp(microseconds: Int64(index)),
                    actor: .system, causation: nil, correlation: draft.id,
                    payload: draft.payload))
        }
        return StageHistory(registry.models["m"]?.tenures["production"] ?? [])
    }

    @Test func `a rollback goes back to the version before`() {
        #expect(history([]).previous == nil)
        #expect(history([(1, false)]).previous == nil)
        #expect(history([(1, false), (2, false)]).previous == 1)
    }

    @Test func `a second rollback goes further back, not forward again`() {
        let once = history([(1, false), (2, false), (3, false), (2, true)])
        #expect(once.live == 2)
        #expect(once.previous == 1)
        #expect(history([(1, false), (2, false), (1, true)]).previous == nil)
    }

    @Test func `a deployment after a rollback counts from there`() {
        let later = history([(1, false), (2, false), (1, true), (3, false)])
        #expect(later.versions == [1, 3])
        #expect(later.previous == 1)
    }

    @Test func `the same version deployed again is one entry`() {
        #expect(history([(1, false), (2, false), (2, false)]).previous == 1)
    }
}
