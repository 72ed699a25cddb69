package import Journal
package import Millrace

/// Finds the record at which two states part that were the same before: by halving the records between,
/// not by looking at the states after each of them.
package struct StateParting {
    private let reader: JournalReader
    private let types: [any Projection.Type]

    /// What `differences` calls that which the plugins have yet to handle.
    private static let deliveriesName = "deliveries"

    /// - Parameter types: the projections that are compared.
    package init(_ reader: JournalReader, _ types: [any Projection.Type]) {
        self.reader = reader
        self.types = types
    }

    /// The names of what differs between two states.
    package func differences(_ first: StateFold, _ second: StateFold) -> [String] {
        let (a, b) = (
            StateDigest(WorkspaceView(first), types).projections,
            StateDigest(WorkspaceView(second), types).projections
        )
        var names = a.keys.filter { a[$0] != b[$0] }.sorted()
        if first.deliveries.positions != second.deliveries.positions
            || first.deliveries.deadLetters != second.deliveries.deadLetters
        {
            names.append(StateParting.deliveriesName)
        }
        return names
    }

    /// The first record after which two folds are no more the same: one of them depends on more than
    /// the records.
    ///
    /// - Parameters:
    ///   - first: the same as `second`, at the same record; both can be folded on.
    ///   - last: after this record they were seen to differ.
    /// - Returns: nil when they do not differ this time.
    package func record(
        _ first: StateFold, _ second: StateFold, through last: UInt64
    ) throws(JournalError) -> UInt64? {
        var (low, twin, high) = (first, second, last)
        var isFound = false
        while low.sequence < high {
            let middle = low.sequence + (high - low.sequence + 1) / 2
            let (a, b) = (try folded(low, through: middle), try folded(twin, through: middle))
            if differences(a, b).isEmpty {
                (low, twin) = (a, b)
            } else if middle == low.sequence + 1 {
                return middle
            } else {
                (high, isFound) = (middle, true)
            }
        }
        return isFound ? high : nil
    }

    /// The first record whose effect a held state lacks, or has otherwise.
    ///
    /// Only the state at the end is held, none between. Of the values in which it differs from what the
    /// records give, each has been given by some record last; the first of these records is the answer.
    ///
    /// - Parameters:
    ///   - held: the state at the end.
    ///   - start: what the records give up to where the held state was right.
    /// - Returns: nil when no record between changes what differs: then the held state itself was changed.
    package func record(
        _ held: StateFold, from start: StateFold
    ) throws(JournalError) -> UInt64? {
        let right = try folded(start, through: held.sequence)
        let parts = Set(differences(held, right))
        let (wrong, first, last) = (
            leaves(of: held, parts), leaves(of: start, parts), leaves(of: right, parts)
        )
        var open = Set(wrong.keys).union(last.keys).filter {
            wrong[$0] != last[$0] && first[$0] != last[$0]
        }
        guard !open.isEmpty else { return nil }
        var (low, high) = (start, held.sequence)
        while low.sequence + 1 < high {
            let middle = try folded(low, through: low.sequence + (high - low.sequence) / 2)
            let there = leaves(of: middle, parts)
            let given = open.filter { there[$0] == last[$0] }
            if given.isEmpty {
                low = middle
            } else {
                (open, high) = (given, middle.sequence)
            }
        }
        return high
    }

    private func folded(
        _ fold: StateFold, through last: UInt64
    ) throws(JournalError) -> StateFold {
        var fold = fold
        try fold.fold(
            try reader.cursor(from: fold.sequence + 1), of: reader, to: .end, through: last)
        return fold
    }

    private func leaves(of fold: StateFold, _ parts: Set<String>) -> [String: String] {
        var leaves = StateLeaves()
        let view = WorkspaceView(fold)
        func add<P: Projection>(_ type: P.Type) { leaves.add(view.state(type), at: "\(type)") }
        for type in types where parts.contains("\(type)") { add(type) }
        if parts.contains(StateParting.deliveriesName) {
            leaves.add(fold.deliveries.positions, at: "positions")
            leaves.add(fold.deliveries.deadLetters, at: "letters")
        }
        return leaves.values
    }
}
