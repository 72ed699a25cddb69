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
            guard let state = try store.state(at: sequence, reader, empty),
                moment.includes(sequence: sequence, time: state.time ?? .init(microseconds: 0))
            else { continue }
            try fold.fold(cursor, to: .end, through: sequence)
            tell(fold.sequence, since: start)
            let began = monotonicNanoseconds()
            held.append(sequence)
            let different = differences(fold, state)
            if different.isEmpty {
                same = sequence
            } else {
                parting = .init(after: same, by: sequence, projections: different)
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
            let different = differences(fold, again)
            if !different.isEmpty {
                parting = .init(after: 0, by: fold.sequence, projections: different)
            }
        }
        return ReplayCommand.Answer(
            same: parting == nil, records: fold.sequence, seconds: seconds,
            recordsPerSecond: seconds > 0 ? Double(fold.sequence) / seconds : 0,
            state: digest.whole, projections: digest.projections, held: held, parting: parting)
    }

    /// The names of what differs between two states.
    private func differences(_ first: StateFold, _ second: StateFold) -> [String] {
        let (a, b) = (
            StateDigest(WorkspaceView(first), types).projections,
            StateDigest(WorkspaceView(second), types).projections
        )
        var names = a.keys.filter { a[$0] != b[$0] }.sorted()
        if first.deliveries.positions != second.deliveries.positions
            || first.deliveries.deadLetters != second.deliveries.deadLetters
        {
            names.append("deliveries")
        }
        return names
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
