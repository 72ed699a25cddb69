import Millrace
import Synchronization

/// The indexes of a journal, as its readers see them: those that lie beside the segments, and where
/// one is missing, what was made of it in memory. A reader writes none.
final class SegmentIndexes: Sendable {
    private let log: LogDirectory
    private let state = Mutex(State())

    private struct State {
        /// What was read and fits. A sealed segment does not change, nor what a piece covers.
        var files: [Name: SegmentIndex] = [:]
        var made: [Table: SegmentIndex] = [:]
        var bytesMade = 0
        /// Those that turned out to be wrong.
        var distrusted: Set<Name> = []
        /// Segments that are not whole records from end to end.
        var unsound: Set<UInt64> = []
    }

    private struct Name: Hashable {
        let first: UInt64
        /// Nil for that of a sealed segment.
        var offset: Int?
    }

    private struct Table: Hashable {
        let first: UInt64
        let table: IndexTable
    }

    /// No more is made in memory; segments beyond are read from end to end. Bytes.
    private static let memoryMax = 64 << 20

    init(_ log: LogDirectory) { self.log = log }

    /// The index of a sealed segment; nil where there is none that fits.
    func sealed(_ first: UInt64) -> SegmentIndex? {
        index(Name(first: first), SegmentName.index(of: first))
    }

    /// The pieces of a segment's index that follow each other from its beginning.
    func pieces(of first: UInt64) throws(JournalError) -> [SegmentIndex] {
        var chain: [SegmentIndex] = []
        for offset in try log.pieces(of: first) {
            let end = chain.last?.header.range.upperBound ?? 0
            let next = chain.last.map { $0.header.sequences.upperBound + 1 } ?? first
            guard offset == end,
                let piece = index(
                    Name(first: first, offset: offset),
                    SegmentName.piece(of: first, from: offset)),
                piece.header.range.lowerBound == end, piece.header.sequences.lowerBound == next
            else { break }
            chain.append(piece)
        }
        return chain
    }

    /// One table of the index of a sealed segment, made in memory. Nil where the segment is not
    /// whole, and where too much was made already.
    func made(_ first: UInt64, _ table: IndexTable) throws(JournalError) -> SegmentIndex? {
        let name = Table(first: first, table: table)
        let (known, isHopeless) = state.withLock { state in
            (
                state.made[name],
                state.unsound.contains(first) || state.bytesMade > SegmentIndexes.memoryMax
            )
        }
        if known != nil || isHopeless { return known }
        let file = try SegmentFile(first, in: log)
        let bytes = try IndexBuilder.index(
            of: file, 0..<(try file.size()), first: first, tables: [.places, table], seals: false)
        let index = bytes.flatMap { SegmentIndex($0) }
        state.withLock { state in
            if let index { state.made[name] = index } else { state.unsound.insert(first) }
            state.bytesMade += bytes?.count ?? 0
        }
        return index
    }

    /// An index turned out to be wrong: it is not asked again.
    func distrust(_ index: SegmentIndex) {
        state.withLock { state in
            for (name, known) in state.files where known === index {
                state.files[name] = nil
                state.distrusted.insert(name)
            }
            state.made = state.made.filter { $0.value !== index }
        }
    }

    private func index(_ name: Name, _ file: String) -> SegmentIndex? {
        let (known, isBad) = state.withLock { ($0.files[name], $0.distrusted.contains(name)) }
        if known != nil || isBad { return known }
        guard
            let index = SegmentIndex(
                file, of: name.first, isPiece: name.offset != nil, in: log)
        else { return nil }
        state.withLock { state in
            state.files[name] = index
            guard name.offset == nil else { return }
            // Its pieces are of no use any more.
            state.files = state.files.filter { $0.key.first != name.first || $0.key == name }
        }
        return index
    }
}
