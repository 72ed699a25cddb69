import Glibc
import Journal
import LinuxSystem
import Millrace
import Testing

@testable import Runtime

/// Numbers that look like chance, the same in every run.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

private struct WatchingPlugin: Plugin {
    static let name: PluginName = "watching"
    static let summary = "Reacts to drops and requests."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self, about: "dataset") { _, _ -> [DataAccepted] in [] }
        On(TrainingRequested.self) { _, _ -> [RunStarted] in [] }
    }
}

/// A journal of events that mean something to the projections, in no sensible order.
private final class RandomJournal {
    static let types: [any Projection.Type] = [
        DatasetRegistry.self, ModelRegistry.self, RunRegistry.self, DaemonRecord.self,
        DriftRecord.self, WatchRecord.self, FailureRecord.self,
    ]
    static let plugins = [RegisteredPlugin(WatchingPlugin(settings: NoSettings()))]

    let root: FilePath
    let reader: JournalReader
    private(set) var count: UInt64 = 0
    private var random: Seeded
    private let writer: JournalWriter

    init(seed: UInt64, events: Int) throws {
        random = Seeded(state: seed)
        root = FilePath("/tmp/millrace-snapshots-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        let journal = root.appending("journal")
        try Files.makeDirectories(journal)
        var configuration = JournalConfiguration()
        configuration.reserve = 4096
        configuration.segmentSize = 32 << 10
        configuration.quietMilliseconds = nil
        writer = try JournalWriter(directory: journal, configuration: configuration)
        reader = JournalReader(directory: journal)
        try append([PluginRegistered(plugin: "watching", from: 1)])
        while count < events {
            let size = Int.random(in: 1...4, using: &random)
            try append((0..<size).map { _ in payload() })
        }
    }

    deinit {
        try? writer.close()
        try? Files.removeFolder(root)
    }

    var store: SnapshotStore { SnapshotStore(beside: reader.directory) }

    func maker(spacing: UInt64) -> SnapshotMaker {
        var policy = SnapshotMaker.Policy()
        policy.spacing = spacing
        return SnapshotMaker(
            reader, store,
            empty: StateFold(
                projections: RandomJournal.types, plugins: RandomJournal.plugins,
                countsDepths: true), policy: policy)
    }

    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private func append(_ payloads: [any EventPayload]) throws {
        func draft<P: EventPayload>(_ payload: P) throws -> EventDraft {
            let cause = count > 0 ? EventID(high: 1, low: UInt64(number(0...Int(count)))) : nil
            count += 1
            return try EventDraft(
                payload, id: EventID(high: 1, low: count), actor: .system, causation: cause)
        }
        let drafts = try payloads.map { payload in try draft(payload) }
        _ = try writer.appendBlocking(drafts)
    }

    private func digest() -> Digest { Digest(words: (UInt64(number(1...9)), 2, 3, 4)) }

    private func payload() -> any EventPayload {
        let name = "d\(number(1...3))"
        let text = "data/\(name)/\(number(1...9)).csv"
        let past = UInt64(number(1...Int(max(count, 1))))
        guard let path = WorkspacePath(escaped: text) else { return WatchOverflowed() }
        switch number(0...13) {
        case 0, 1:
            return FileArrived(
                change: .added, path: path, previousPath: nil, size: 5, sha256: digest(), uid: 1,
                identity: FileIdentity(
                    device: 1, inode: past, modified: 0, changed: 0, gid: 1, mode: 0o644),
                area: Area(of: path))
        case 2: return FileRemoved(path: path, sha256: digest(), area: Area(of: path))
        case 3:
            return ReactionHandled(
                plugin: "watching", handled: [past], observed: past, attempts: 1,
                milliseconds: 0.5)
        case 4:
            return ReactionFailed(
                plugin: "watching", sequence: past, attempt: 2, error: "no",
                retryAt: Timestamp(microseconds: 5))
        case 5:
            return ReactionDeadLettered(
                plugin: "watching", sequences: [past], attempts: 5, error: "no")
        case 6: return DeadLetterResolved(plugin: "watching", sequence: past, outcome: .retried)
        case 7:
            return DatasetVersionCreated(
                dataset: name, version: number(1...50), digest: digest(),
                files: DatasetFiles(count: 1, rows: 2, bytes: 3, layers: []), changes: [])
        case 8:
            return TrainingRequested(
                pipeline: name, dataset: name, version: 1, reasons: ["\(past)"])
        case 9:
            return ModelVersionCreated(
                model: name, version: number(1...90), run: 1, artifact: digest(),
                inputs: inputs(name), metrics: ["auc": 0.5])
        case 10:
            return DeploymentCompleted(
                model: name, version: number(1...90), artifact: digest(), stage: "production",
                previous: nil, isRollback: number(0...3) == 0)
        case 11:
            return RunStarted(
                pipeline: name, run: number(1...60), inputs: inputs(name), reasons: [])
        case 12: return DaemonStopped(reason: "SIGTERM")
        default:
            return DriftMeasured(
                model: name, dataset: name, referenceVersion: 1, referenceRows: 2, current: [],
                currentRows: 3, drifted: number(0...1) == 0, columns: [])
        }
    }

    private func inputs(_ name: String) -> RunInputs {
        RunInputs(
            dataset: name, datasetVersion: 1, datasetDigest: digest(),
            files: DatasetFiles(count: 1, rows: 2, bytes: 3, layers: []), target: Target(),
            features: [], algorithm: "command", parameters: ["a": [1, 2.5]], seed: 7,
            holdout: 0.25, command: [], code: ["a.py": digest()], environment: [:])
    }

    /// The state at a moment, with and without snapshots.
    func compare(at moment: Moment) throws {
        func view(_ snapshots: Bool) throws -> WorkspaceView {
            try WorkspaceView(
                reader, projections: RandomJournal.types, plugins: RandomJournal.plugins,
                at: moment, snapshots: snapshots)
        }
        let (near, far) = (try view(true), try view(false))
        #expect(near.sequence == far.sequence)
        #expect(near.time == far.time)
        #expect(near.deliveries.positions == far.deliveries.positions)
        #expect(near.deliveries.deadLetters == far.deliveries.deadLetters)
        let types = RandomJournal.types
        #expect(StateDigest(near, types).projections == StateDigest(far, types).projections)
    }

    /// Whether a fold up to a moment begins at a snapshot.
    func usesSnapshot(at moment: Moment) throws -> Bool {
        var fold = StateFold(projections: RandomJournal.types, plugins: RandomJournal.plugins)
        return try store.start(reader, &fold, at: moment) != nil
    }

    var files: [FilePath] {
        get throws { try Files.names(in: store.directory).map { store.directory.appending($0) } }
    }
}

@Suite struct `State from a snapshot` {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `and the records after it is the state folded from the start`(seed: UInt64) throws {
        let journal = try RandomJournal(seed: seed, events: 700)
        try journal.maker(spacing: UInt64(journal.number(7...120))).bringUpToDate(isFinal: true)
        #expect(try journal.files.count > 3)
        for _ in 0..<25 {
            try journal.compare(at: .sequence(UInt64(journal.number(0...710))))
        }
        try journal.compare(at: .end)
        #expect(try journal.usesSnapshot(at: .end))
        let cursor = try journal.reader.cursor(from: UInt64(journal.number(100...600)))
        let time = try #require(try cursor.next()).time
        try journal.compare(at: .time(time))
    }

    @Test(arguments: 10...12 as ClosedRange<UInt64>)
    func `folded on two threads is the state folded on one`(seed: UInt64) throws {
        let journal = try RandomJournal(seed: seed, events: 500)
        let empty = StateFold(
            projections: RandomJournal.types, plugins: RandomJournal.plugins, countsDepths: true)
        for moment in [.end, .sequence(321), .sequence(0)] as [Moment] {
            var one = empty
            try one.fold(try journal.reader.cursor(), of: journal.reader, to: moment)
            var two = empty
            try two.fold(try journal.reader.cursor(), of: journal.reader, to: moment, many: 1)
            let types = RandomJournal.types
            #expect(two.sequence == one.sequence)
            #expect(
                StateDigest(WorkspaceView(two), types).whole
                    == StateDigest(WorkspaceView(one), types).whole)
            #expect(two.deliveries.positions == one.deliveries.positions)
            #expect(two.deliveries.deadLetters == one.deliveries.deadLetters)
            let unsettled = one.deliveries.unsettled
            #expect(
                two.depths.kept(unsettled).map { "\($0.id) \($0.depth)" }
                    == one.depths.kept(unsettled).map { "\($0.id) \($0.depth)" })
        }
    }

    @Test func `many blocks folded on two threads are the state folded on one`() throws {
        let journal = try RandomJournal(seed: 13, events: 3000)
        let empty = StateFold(
            projections: RandomJournal.types, plugins: RandomJournal.plugins, countsDepths: true)
        var one = empty
        try one.fold(try journal.reader.cursor(), of: journal.reader, to: .end)
        // Whoever is first at each block, each time.
        for _ in 0..<10 {
            var two = empty
            try two.fold(try journal.reader.cursor(), of: journal.reader, to: .end, many: 1)
            #expect(two.sequence == one.sequence)
            #expect(two.time == one.time)
            #expect(
                try two.sections().map(\.bytes.count) == one.sections().map(\.bytes.count))
            #expect(
                StateDigest(WorkspaceView(two), RandomJournal.types).whole
                    == StateDigest(WorkspaceView(one), RandomJournal.types).whole)
            #expect(two.deliveries.positions == one.deliveries.positions)
        }
    }

    @Test func `a fold on two threads ends with the error of one`() throws {
        struct Unknown: Error {}
        let journal = try RandomJournal(seed: 14, events: 1500)
        var upcasters = Upcasters()
        upcasters.add(DatasetVersionCreated.type, from: DatasetVersionCreated.version) { _ in
            throw Unknown()
        }
        let reader = JournalReader(directory: journal.reader.directory, upcasters: upcasters)
        let empty = StateFold(projections: RandomJournal.types, plugins: RandomJournal.plugins)
        var messages: Set<String> = []
        for many in [.max, 1, 1, 1, 1] as [UInt64] {
            var fold = empty
            do throws(JournalError) {
                try fold.fold(try reader.cursor(), of: reader, to: .end, many: many)
                Issue.record("a record that cannot be read was folded")
            } catch {
                messages.insert("\(error)")
            }
        }
        #expect(messages.count == 1)
    }

    @Test func `that knows a damaged record is forgotten`() throws {
        let journal = try RandomJournal(seed: 2, events: 300)
        try journal.maker(spacing: 50).bringUpToDate(isFinal: true)
        let before = journal.store.sequences
        journal.store.forget(from: 160)
        #expect(journal.store.sequences == before.filter { $0 < 160 })
        #expect(before.contains { $0 >= 160 } && before.contains { $0 < 160 })
    }

    @Test func `has the depths of the events that may still cause others`() throws {
        let journal = try RandomJournal(seed: 9, events: 400)
        try journal.maker(spacing: 50).bringUpToDate(isFinal: true)
        let empty = StateFold(
            projections: RandomJournal.types, plugins: RandomJournal.plugins, countsDepths: true)
        for last in [120, 300, 390] as [UInt64] {
            var resumed = empty
            _ = try #require(
                try journal.store.start(journal.reader, &resumed, at: .sequence(last)))
            var whole = empty
            try whole.fold(
                try journal.reader.cursor(), of: journal.reader, to: .sequence(resumed.sequence))
            let unsettled = whole.deliveries.unsettled
            let expected = whole.depths.kept(unsettled).map { "\($0.id) \($0.depth)" }
            #expect(!expected.isEmpty)
            #expect(resumed.depths.kept(unsettled).map { "\($0.id) \($0.depth)" } == expected)
        }
    }

    @Test func `is not believed when it is damaged, mixed up or another's`() throws {
        let journal = try RandomJournal(seed: 5, events: 600)
        let maker = journal.maker(spacing: 60)
        try maker.bringUpToDate(isFinal: true)
        let names = try journal.files
        let originals = try names.map { try Files.read($0, limit: 1 << 26) }
        // Cut short, changed, exchanged, empty, another's, and a folder in its place.
        for (index, name) in names.enumerated() {
            var bytes = originals[index]
            switch index % 6 {
            case 0: bytes.removeLast(journal.number(1...bytes.count))
            case 1: bytes[journal.number(0...bytes.count - 1)] ^= 1 << UInt8(journal.number(0...7))
            case 2: bytes = originals[(index + 1) % originals.count]
            case 3: bytes = []
            case 4: bytes = Array("00000000 0000000005\n{}\nxx".utf8)
            default: break
            }
            try Files.unlink(name)
            if index % 6 == 5 {
                try Files.makeDirectories(name)
            } else {
                try Files.replace(name, with: bytes, durable: false)
            }
        }
        for _ in 0..<10 {
            try journal.compare(at: .sequence(UInt64(journal.number(0...610))))
        }
        try journal.compare(at: .end)
        // They are made anew, without a word.
        for name in names { try Files.removeFolder(name) }
        try maker.bringUpToDate(isFinal: true)
        #expect(try journal.files == names)
        #expect(try journal.usesSnapshot(at: .end))
        try journal.compare(at: .end)
    }

    @Test func `of another history is not believed`() throws {
        let journal = try RandomJournal(seed: 6, events: 300)
        let other = try RandomJournal(seed: 7, events: 300)
        try other.maker(spacing: 40).bringUpToDate(isFinal: true)
        try Files.makeDirectories(journal.store.directory)
        for file in try other.files {
            try Files.replace(
                journal.store.directory.appending(file.name),
                with: try Files.read(file, limit: 1 << 26), durable: false)
        }
        #expect(try !journal.usesSnapshot(at: .end))
        try journal.compare(at: .end)
    }

    @Test func `is not used by plugins that subscribed to something else`() throws {
        let journal = try RandomJournal(seed: 8, events: 200)
        try journal.maker(spacing: 40).bringUpToDate(isFinal: true)
        struct Other: Plugin {
            static let name: PluginName = "watching"
            static let summary = "Reacts to less."
            init(settings: NoSettings) {}
            var reactions: some Reactions {
                On(FileArrived.self, about: "dataset") { _, _ -> [DataAccepted] in [] }
            }
        }
        var fold = StateFold(
            projections: RandomJournal.types,
            plugins: [RegisteredPlugin(Other(settings: NoSettings()))])
        #expect(try journal.store.start(journal.reader, &fold, at: .end) == nil)
    }

    @Test func `is made at intervals, and wider apart when room is short`() throws {
        let journal = try RandomJournal(seed: 3, events: 500)
        try journal.maker(spacing: 20).bringUpToDate()
        let all = try journal.files
        #expect(all.count > 15)
        let size = try all.reduce(0) { try $0 + (FileStatus.of($1)?.size ?? 0) }
        var policy = SnapshotMaker.Policy()
        policy.spacing = 20
        policy.byteLimit = size / 4
        let maker = SnapshotMaker(
            journal.reader, journal.store,
            empty: StateFold(
                projections: RandomJournal.types, plugins: RandomJournal.plugins,
                countsDepths: true), policy: policy)
        try maker.bringUpToDate()
        let fewer = try journal.files
        #expect(fewer.count < all.count / 2)
        #expect(fewer.last == all.last)
        // Nothing is left to be done, however often it is asked.
        try maker.bringUpToDate()
        #expect(try journal.files == fewer)
        try journal.compare(at: .sequence(333))
    }
}
