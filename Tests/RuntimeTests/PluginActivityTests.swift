import LinuxSystem
import Millrace
import MillraceTesting
import Runtime
import Testing

/// Fails twice at each third event, and for good at each fifth.
private struct MoodyPlugin: Plugin {
    static let name: PluginName = "moody"
    static let summary = "Fails now and then."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(Tick.self) { tick, context -> [Tock] in
            if tick.number % 5 == 0 { throw ReactionError("a fifth", retryable: false) }
            if tick.number % 3 == 0, context.attempt < 3 { throw ReactionError("a third") }
            return [Tock(number: tick.number)]
        }
    }
}

private struct Tick: EventPayload {
    static let type = "moody.tick"
    var number: Int
    var subject: Subject { Subject("moody", "\(number % 4)") }
}

private struct Tock: EventPayload {
    static let type = "moody.tock"
    var number: Int
    var subject: Subject { Subject("moody", "\(number)") }
}

@Suite struct PluginActivityTests {
    @Test func `what the runtime counts is what the journal says, also after a restart`()
        async throws
    {
        let first = try TestMill([MoodyPlugin.self])
        for number in 1...30 { try await first.emit(Tick(number: number)) }
        let moody = try #require(first.reports["moody"])
        #expect(moody.activity == (try folded(first)))
        #expect(moody.activity.handled == 24 && moody.activity.deadLetters == 6)
        // 3, 6, 9, 12, 18, 21, 24 and 27 fail twice each.
        #expect(moody.activity.failures == 16)
        #expect(moody.activity.lastFailure?.error == "a fifth")
        #expect(moody.activity.lastFailure?.isFinal == true)
        #expect(moody.pending == 0 && moody.inFlight == 0 && moody.retrying == 0)
        #expect(moody.oldest == nil)
        #expect(moody.activity.times.count == 24)

        let again = try TestMill([MoodyPlugin.self], past: first.events)
        try await again.emit(Tick(number: 31))
        let later = try #require(again.reports["moody"])
        #expect(later.activity.handled == 25)
        #expect(later.activity == (try folded(again)))
    }

    private func folded(_ mill: TestMill) throws -> PluginActivity {
        let (plugins, _) = PluginRegistry([MoodyPlugin.self]).makePlugins(WorkspaceSettings())
        var history = DeliveryHistory(plugins: plugins)
        for event in mill.events { history.apply(event) }
        let position = try #require(history.positions["moody"])
        #expect(position.pending.isEmpty)
        return position.activity
    }

    @Test func `a quantile lies in the bucket of the exact one`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var times = ReactionTimes()
            var exact: [Double] = []
            for _ in 0..<Int.random(in: 1...300, using: &random) {
                // From a hundredth of a millisecond to hours.
                let seconds = Double.random(in: -5...5, using: &random)
                let time = (0..<Int(abs(seconds))).reduce(1.0) { value, _ in
                    seconds < 0 ? value / 10 : value * 10
                }
                exact.append(time)
                times.add(seconds: time)
            }
            exact.sort()
            for share in [0.01, 0.5, 0.9, 0.99, 1] {
                let index = max(0, Int((Double(exact.count) * share).rounded(.up)) - 1)
                let found = try #require(times.quantile(share))
                #expect(bucket(found) == bucket(exact[index]), "\(share) of \(exact)")
            }
            #expect(times.slowest == exact.last)
            #expect(times.count == UInt64(exact.count))
        }
        #expect(ReactionTimes().quantile(0.5) == nil)
    }

    private func bucket(_ seconds: Double) -> Int {
        ReactionTimes.bounds.firstIndex { seconds <= $0 } ?? ReactionTimes.bounds.count
    }

    @Test(arguments: [Double.nan, -.infinity, -1, .infinity])
    func `a journal that names no time at all is no reason to stop`(_ seconds: Double) {
        var times = ReactionTimes()
        times.add(seconds: seconds)
        #expect(times.count == 1 && times.sum == 0 && times.quantile(0.99) == 0)
    }
}
