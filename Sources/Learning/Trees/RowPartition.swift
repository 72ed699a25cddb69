/// The rows of a tree's leaves: each leaf is a stretch of one array, in rising order of rows.
final class RowPartition {
    let rows: Buffer<UInt32>
    private let lefts: Buffer<UInt32>
    private let rights: Buffer<UInt32>
    private let table: BinnedTable
    private let pool: WorkerPool

    init(table: BinnedTable, pool: WorkerPool) {
        self.table = table
        self.pool = pool
        rows = Buffer(repeating: 0, count: table.rowCount)
        lefts = Buffer(repeating: 0, count: table.rowCount)
        rights = Buffer(repeating: 0, count: table.rowCount)
    }

    /// Puts all rows back into one stretch.
    func reset() {
        for row in 0..<table.rowCount { rows.base[row] = UInt32(truncatingIfNeeded: row) }
    }

    /// Divides a stretch: first the rows that go left, then the others, both still rising.
    ///
    /// - Returns: How many went left.
    func divide(_ range: Range<Int>, by split: Split) -> Int {
        let parts = range.count < 32_768 ? 1 : pool.threadCount
        let counts = Buffer<Int>(repeating: 0, count: parts)
        let missingBin = table.columns[split.column].missingBin
        var sides = split.goesLeft
        if case .upTo(_, let missingGoesLeft) = split.rule {
            sides[missingBin] = missingGoesLeft ? 1 : 0
        }
        func stretch(_ part: Int) -> Range<Int> {
            let start = range.lowerBound + range.count * part / parts
            return start..<range.lowerBound + range.count * (part + 1) / parts
        }
        sides.withUnsafeBufferPointer { sides in
            guard let sides = sides.baseAddress else { return }
            pool.run(parts: parts) { part in
                counts.base[part] = sort(stretch(part), column: split.column, sides)
            }
        }
        var starts: [(left: Int, right: Int)] = []
        var left = range.lowerBound
        for part in 0..<parts {
            starts.append((left, 0))
            left += counts.base[part]
        }
        let leftCount = left - range.lowerBound
        var right = left
        for part in 0..<parts {
            starts[part].right = right
            right += stretch(part).count - counts.base[part]
        }
        pool.run(parts: parts) { part in
            let (start, leftCount) = (stretch(part).lowerBound, counts.base[part])
            (rows.base + starts[part].left).update(from: lefts.base + start, count: leftCount)
            (rows.base + starts[part].right).update(
                from: rights.base + start, count: stretch(part).count - leftCount)
        }
        return leftCount
    }

    /// Copies the rows of a stretch to one of the two sides, without a branch.
    private func sort(_ range: Range<Int>, column: Int, _ sides: UnsafePointer<UInt8>) -> Int {
        let bins = table.byColumn.base + column * table.rowCount
        let lefts = lefts.base + range.lowerBound
        let rights = rights.base + range.lowerBound
        let source = rows.base + range.lowerBound
        var left = 0
        for index in 0..<range.count {
            let row = source[index]
            lefts[left] = row
            rights[index &- left] = row
            left &+= Int(sides[Int(bins[Int(row)])])
        }
        return left
    }
}
