import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime

/// Folds a journal from its first record, and compares with what the daemon holds on the way.
struct Replay: Sendable {
    let reader: JournalReader
    let plugins: [RegisteredPlugin]
    let moment: Moment
    /// Says on standard error how far it is.
    let showsProgress: Bool

    private var types: [any Projection.Type] {
        plugins.flatMap(\.projections) + StatusAssembly.projections
    }

    private var states: StateParting { StateParting(reader, types) }

    func answer() throws -> ReplayCommand.Answer {
        let empty = StateFold(projections: types, plugins: plugins)
        let store = SnapshotStore(beside: reader.directory)
        let start = monotonicNanoseconds()
        var comparing: Int64 = 0
        var fold = empty
        var held: [UInt64] = []
        var same: UInt64 = 0
        var parting: ReplayCommand.Parting?
        let cursor = try reader.cursor()
        for sequence in store.sequences where parting == nil {
            // What is held is read, and compared, for comparison's sake alone.
            let reading = monotonicNanoseconds()
            guard let state = try store.state(at: sequence, reader, empty),
                moment.includes(sequence: sequence, time: state.time ?? .init(microseconds: 0))
            else { continue }
            comparing += monotonicNanoseconds() - reading
            try fold.fold(cursor, of: reader, to: .end, through: sequence)
            tell(fold.sequence, since: start)
            let began = monotonicNanoseconds()
            held.append(sequence)
            let different = states.differences(fold, state)
            if different.isEmpty {
                same = sequence
            } else {
                parting = try self.parting(of: state, different, after: same, empty, store)
            }
            comparing += monotonicNanoseconds() - began
        }
        try fold.fold(cursor, of: reader, to: moment)
        let seconds = Double(monotonicNanoseconds() - start - comparing) / 1e9
        if showsProgress { write("\r\u{1B}[K") }
        let digest = StateDigest(WorkspaceView(fold), types)
        if held.isEmpty {
            // Up to the same record: more may have come since.
            var again = empty
            try again.fold(try reader.cursor(), of: reader, to: .sequence(fold.sequence))
            let different = states.differences(fold, again)
            if !different.isEmpty {
                parting = .init(
                    after: 0, by: fold.sequence, projections: different,
                    event: try event(try states.record(empty, empty, through: fold.sequence)))
            }
        }
        return ReplayCommand.Answer(
            same: parting == nil, records: fold.sequence, seconds: seconds,
            recordsPerSecond: seconds > 0 ? Double(fold.sequence) / seconds : 0,
            state: digest.whole, projections: digest.projections, held: held, parting: parting)
    }

    /// Where what is held parts from what the records give.
    private func parting(
        of held: StateFold, _ different: [String], after same: UInt64, _ empty: StateFold,
        _ store: SnapshotStore
    ) throws -> ReplayCommand.Parting {
        var start = empty
        if same > 0 {
            start = try store.state(at: same, reader, empty) ?? empty
            try start.fold(
                try reader.cursor(from: start.sequence + 1), of: reader, to: .end, through: same)
        }
        return .init(
            after: same, by: held.sequence, projections: different,
            event: try event(try states.record(held, from: start)))
    }

    private func event(_ sequence: UInt64?) throws -> ReplayCommand.PartingEvent? {
        guard let sequence, let record = try reader.record(sequence) else { return nil }
        let event = try reader.event(of: record)
        return .init(
            sequence: event.sequence, time: event.time, type: event.type,
            subject: "\(event.subject)")
    }

    private func tell(_ sequence: UInt64, since start: Int64) {
        guard showsProgress else { return }
        let seconds = max(Double(monotonicNanoseconds() - start) / 1e9, 1e-6)
        write("\r\(sequence) records, \(Int(min(Double(sequence) / seconds, 1e15))) a second ")
    }

    private func write(_ text: String) {
        var bytes = Array(text.utf8)
        _ = Glibc.write(2, &bytes, bytes.count)
    }
}
