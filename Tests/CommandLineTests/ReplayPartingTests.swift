import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Synchronization
import Testing

@testable import CommandLineInterface
@testable import Runtime

/// `replay` names the one record at which states part.
@Suite struct ReplayPartingTests {
    /// Writes the snapshots of a daemon that passed over one record: a right one before it, and one at
    /// the end.
    private func snapshots(
        of story: Story, without skipped: UInt64, _ change: (inout StateFold) -> Void = { _ in }
    ) throws {
        let reader = JournalReader(directory: story.journal)
        let store = SnapshotStore(beside: reader.directory)
        let plugins = Reading.plugins(PluginRegistry([NotifierPlugin.self]))
        let last = try reader.head().sequence
        var fold = KeptState.fold(plugins)
        let decoder = fold.decoder(reader)
        let cursor = try reader.cursor()
        while let record = try cursor.next() {
            if record.sequence != skipped { try fold.apply(record, decoder) }
            if record.sequence == last { change(&fold) }
            guard record.sequence == 5 || record.sequence == last else { continue }
            try store.write(fold, at: JournalMark(record), time: record.time)
        }
    }

    private func sequence(_ type: String, in story: Story) throws -> UInt64 {
        let cursor = try JournalReader(directory: story.journal).cursor()
        while let record = try cursor.next() {
            if record.type == type { return record.sequence }
        }
        throw Parts.BadPath(text: type)
    }

    @Test(arguments: [
        "data.rejected", "model.versioned", "deployment.completed", "run.started",
        "model.evaluated",
    ])
    func `the record that a daemon passed over is named`(_ type: String) async throws {
        let story = try Story()
        try story.tellFirstMonth()
        try story.tellTroubles()
        let skipped = try sequence(type, in: story)
        try snapshots(of: story, without: skipped)
        let result = await story.run("replay", "--json")
        #expect(result.code == .negative)
        let answer = try result.decode(ReplayCommand.Answer.self)
        let parting = try #require(answer.parting)
        #expect(parting.after == 5 && parting.event?.sequence == skipped)
        #expect(parting.event?.type == type)
        let page = await story.run("replay").out
        #expect(page.contains("they part at #\(skipped)") && page.contains(type))
    }

    @Test func `snapshots that are right part nowhere`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        try snapshots(of: story, without: 0)
        let answer = try await story.run("replay", "--json").decode(ReplayCommand.Answer.self)
        #expect(answer.same && answer.held.count == 2)
    }

    @Test func `what no record gives was put into the snapshot itself`() async throws {
        let story = try Story()
        try story.tellFirstMonth()
        let end = try JournalReader(directory: story.journal).head().sequence
        let ghost = EventID(high: 5, low: 5)
        let invented = Event(
            sequence: end, id: ghost, type: ContractAccepted.type, version: 1,
            subject: .dataset("ghost"), time: Story.now, actor: .system, causation: nil,
            correlation: ghost,
            payload: try JSONValue(
                encoding: ContractAccepted(
                    dataset: "ghost", contract: Parts.digest(8), columns: 1, rules: 1)
            ).bytes)
        try snapshots(of: story, without: 0) { $0.apply(invented) }
        let result = await story.run("replay", "--json")
        let answer = try result.decode(ReplayCommand.Answer.self)
        #expect(result.code == .negative && answer.parting?.event == nil)
        #expect(answer.parting?.projections == ["DatasetRegistry"])
        #expect(await story.run("replay").out.contains("the snapshot itself was changed"))
    }

    @Test(.serialized, arguments: [1, 7, 12] as [UInt64])
    func `the record that two folds take differently is found`(_ sequence: UInt64) throws {
        let story = try Story()
        try story.tellFirstMonth()
        let reader = JournalReader(directory: story.journal)
        Moody.trigger.withLock { $0 = sequence }
        let empty = StateFold(projections: [Moody.self], plugins: [])
        let last = try reader.head().sequence
        let states = StateParting(reader, [Moody.self])
        #expect(try states.record(empty, empty, through: last) == sequence)
        Moody.trigger.withLock { $0 = 0 }
        #expect(try states.record(empty, empty, through: last) == nil)
    }
}

/// A state that depends on more than its events.
private struct Moody: Projection {
    static let types: [any EventPayload.Type] = [
        DaemonStarted.self, FileArrived.self, ContractProposed.self, RunStarted.self,
        DatasetVersionCreated.self, PluginRegistered.self, DataAccepted.self,
        TrainingRequested.self,
    ]
    /// The record that it takes otherwise each time.
    static let trigger = Mutex<UInt64>(0)
    private static let times = Mutex(0)

    private var seen = 0
    private var mood = 0

    mutating func apply(_ event: Event) {
        seen += 1
        guard event.sequence == Moody.trigger.withLock({ $0 }) else { return }
        mood = Moody.times.withLock { times in
            times += 1
            return times
        }
    }
}
