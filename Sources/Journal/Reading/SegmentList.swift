/// The segments as a reader that goes forward saw them last. None is ever put between two others or
/// taken from between them, so the directory is listed again only where the list ends.
struct SegmentList {
    /// The first sequences, ascending.
    private var firsts: [UInt64] = []

    /// The segment that begins with a record's sequence or is the last one before; if all begin later,
    /// the first one. Nil when there is none.
    mutating func holding(
        _ sequence: UInt64, in log: LogDirectory
    ) throws(JournalError) -> UInt64? {
        firsts = try log.segments()
        let end = index(after: sequence)
        return end > 0 ? firsts[end - 1] : firsts.first
    }

    /// Does a segment begin with this sequence?
    mutating func contains(_ sequence: UInt64, in log: LogDirectory) throws(JournalError) -> Bool {
        if sequence > firsts.last ?? 0 { firsts = try log.segments() }
        let end = index(after: sequence)
        return end > 0 && firsts[end - 1] == sequence
    }

    /// The first record of the segment after the one that begins with `first`; nil for the last.
    mutating func after(_ first: UInt64, in log: LogDirectory) throws(JournalError) -> UInt64? {
        if first >= firsts.last ?? 0 { firsts = try log.segments() }
        let next = index(after: first)
        return next < firsts.count ? firsts[next] : nil
    }

    /// The index of the first segment that begins behind a sequence.
    private func index(after sequence: UInt64) -> Int {
        var low = 0
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if firsts[middle] <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
