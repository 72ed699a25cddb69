/// Sums of derivatives by bin, for all columns, over the rows of one leaf.
final class Histogram {
    /// One more than the bins: what padding columns add to is never read.
    let sums: Buffer<GradientScale.Pair>

    init(binTotal: Int) { sums = Buffer(repeating: .zero, count: binTotal + 1) }

    /// This becomes `parent` minus `sibling`.
    func subtract(_ sibling: Histogram, from parent: Histogram) {
        for bin in 0..<sums.count {
            sums.base[bin] = parent.sums.base[bin] &- sibling.sums.base[bin]
        }
    }

    fileprivate func clear() { sums.base.update(repeating: .zero, count: sums.count) }
}

/// Fills histograms. Rows go in blocks, so that a block's bytes are fetched once and stay near while
/// four columns at a time, whose bins fit the first-level cache, take them in.
struct HistogramBuilder {
    let table: BinnedTable
    let gradients: Buffer<GradientScale.Pair>
    let pool: WorkerPool
    private let partial: [Histogram]
    private let offsets: [Int]
    private static let block = 512

    init(table: BinnedTable, gradients: Buffer<GradientScale.Pair>, pool: WorkerPool) {
        self.table = table
        self.gradients = gradients
        self.pool = pool
        partial = (1..<max(2, pool.threadCount)).map { _ in Histogram(binTotal: table.binTotal) }
        let padding = [Int](
            repeating: table.binTotal, count: table.rowStride - table.columns.count)
        offsets = table.columns.map(\.offset) + padding
    }

    /// Sums the rows at `rows[0..<count]`.
    func fill(_ histogram: Histogram, rows: UnsafePointer<UInt32>, count: Int) {
        // Below this, waking a thread and adding its histogram costs more than it saves.
        let parts = count * table.columns.count < 65_536 ? 1 : pool.threadCount
        pool.run(parts: parts) { part in
            let target = part == 0 ? histogram : partial[part - 1]
            target.clear()
            let start = count * part / parts
            add(rows + start, count * (part + 1) / parts - start, to: target.sums.base)
        }
        for part in 1..<max(parts, 1) {
            let source = partial[part - 1].sums.base
            for bin in 0..<histogram.sums.count { histogram.sums.base[bin] &+= source[bin] }
        }
    }

    private func add(
        _ rows: UnsafePointer<UInt32>, _ count: Int,
        to sums: UnsafeMutablePointer<GradientScale.Pair>
    ) {
        let stride = table.rowStride
        let bytes = UnsafeRawPointer(table.byRow.base)
        let gradients = gradients.base
        withUnsafeTemporaryAllocation(of: GradientScale.Pair.self, capacity: Self.block) {
            ordered in
            guard let ordered = ordered.baseAddress else { return }
            var start = 0
            while start < count {
                let length = min(Self.block, count - start)
                let rows = rows + start
                for i in 0..<length { ordered[i] = gradients[Int(rows[i])] }
                var group = 0
                while group < stride {
                    let first = sums + offsets[group]
                    let second = sums + offsets[group + 1]
                    let third = sums + offsets[group + 2]
                    let fourth = sums + offsets[group + 3]
                    let column = bytes + group
                    for i in 0..<length {
                        let word = UInt32(
                            littleEndian: column.load(
                                fromByteOffset: Int(rows[i]) &* stride, as: UInt32.self))
                        let pair = ordered[i]
                        first[Int(word & 255)] &+= pair
                        second[Int((word &>> 8) & 255)] &+= pair
                        third[Int((word &>> 16) & 255)] &+= pair
                        fourth[Int(word &>> 24)] &+= pair
                    }
                    group += 4
                }
                start += length
            }
        }
    }
}
