import Tabular

/// A training table as small integers: each column cut into at most 255 bins, the last one of
/// which holds the missing values.
///
/// The bytes are kept twice: row after row for histograms, where all columns of a row are wanted at
/// once, and column after column for splitting, where one column of many rows is wanted.
final class BinnedTable {
    struct Column {
        /// Upper bounds of the bins of a numeric column, rising; a value above all of them is in
        /// one more bin. Empty for a categorical column, whose bins are the model's codes.
        let thresholds: [Double]
        /// Bins with the missing one, which is the last.
        let binCount: Int
        /// Where the column's bins begin in a histogram.
        let offset: Int
        let isCategorical: Bool

        var missingBin: Int { binCount - 1 }
    }

    let rowCount: Int
    private(set) var columns: [Column] = []
    /// Bins of all columns together; a histogram has one more for the padding columns.
    private(set) var binTotal = 0
    /// Bytes of a row: the number of columns rounded up to a multiple of four.
    let rowStride: Int
    let byRow: Buffer<UInt8>
    let byColumn: Buffer<UInt8>

    init(
        features: [Feature], table: [BoundColumn], rows: [Int], maximumBins: Int, seed: UInt64,
        pool: WorkerPool
    ) {
        rowCount = rows.count
        rowStride = (features.count + 3) / 4 * 4
        byRow = Buffer(repeating: 0, count: rows.count * rowStride)
        byColumn = Buffer(repeating: 0, count: rows.count * features.count)
        let cuts = Buffer<[Double]?>(repeating: nil, count: features.count)
        pool.run(parts: features.count) { index in
            if case .numeric(let values) = table[index] {
                cuts.base[index] = binThresholds(
                    values, rows: rows, maximumBins: maximumBins, seed: seed)
            }
        }
        // Taken out by hand: a buffer does not release what its elements hold.
        let thresholds = withExtendedLifetime(cuts) {
            features.indices.map { index in
                let taken = cuts.base[index]
                cuts.base[index] = nil
                return taken
            }
        }
        for (feature, thresholds) in zip(features, thresholds) {
            let binCount = thresholds.map { $0.count + 2 } ?? feature.levelCount + 2
            columns.append(
                Column(
                    thresholds: thresholds ?? [], binCount: binCount, offset: binTotal,
                    isCategorical: thresholds == nil))
            binTotal += binCount
        }
        pool.run(parts: features.count) { index in
            fill(index, from: table[index], rows: rows)
        }
        transpose(pool)
    }

    private func fill(_ index: Int, from values: BoundColumn, rows: [Int]) {
        let column = columns[index]
        let bytes = byColumn.base + index * rowCount
        switch values {
        case .numeric(let values):
            for (position, row) in rows.enumerated() {
                bytes[position] = UInt8(truncatingIfNeeded: column.bin(of: values[row]))
            }
        case .categorical(let codes, let map):
            for (position, row) in rows.enumerated() {
                bytes[position] = UInt8(truncatingIfNeeded: BoundColumn.code(codes[row], map))
            }
        }
    }

    private func transpose(_ pool: WorkerPool) {
        let block = 4096
        pool.run(parts: (rowCount + block - 1) / block) { part in
            let end = min(rowCount, (part + 1) * block)
            for index in columns.indices {
                let source = byColumn.base + index * rowCount
                for row in part * block..<end { byRow.base[row * rowStride + index] = source[row] }
            }
        }
    }
}

extension BinnedTable.Column {
    /// The first bin whose threshold is not below the value.
    @inline(__always)
    func bin(of value: Double) -> Int {
        guard value.isFinite else { return missingBin }
        var low = 0
        var length = thresholds.count
        thresholds.withUnsafeBufferPointer { thresholds in
            while length > 0 {
                let half = length / 2
                let isAbove = thresholds[low + half] < value
                low = isAbove ? low + half + 1 : low
                length = isAbove ? length - half - 1 : half
            }
        }
        return low
    }
}

/// Where to cut a numeric column so that each bin holds about as many rows: between all distinct
/// values when there are few, else at quantiles, with a bin of its own for a frequent value.
/// Large columns are judged by 200,000 rows, one chosen by the seed from each equal stretch.
private func binThresholds(
    _ values: [Double], rows: [Int], maximumBins: Int, seed: UInt64
) -> [Double] {
    let sampleLimit = 200_000
    var sample: [Double] = []
    if rows.count <= sampleLimit {
        sample = rows.lazy.map { values[$0] }.filter(\.isFinite)
    } else {
        var random = SplitMix64(seed: seed)
        sample.reserveCapacity(sampleLimit)
        for stretch in 0..<sampleLimit {
            let start = stretch * rows.count / sampleLimit
            let end = (stretch + 1) * rows.count / sampleLimit
            let value = values[rows[start + random.below(end - start)]]
            if value.isFinite { sample.append(value) }
        }
    }
    sample.sort()
    var distinct: [(value: Double, count: Int)] = []
    for value in sample {
        if let last = distinct.last, last.value == value {
            distinct[distinct.count - 1].count += 1
        } else {
            distinct.append((value, 1))
        }
    }
    // One bin is for missing values, and n thresholds make n + 1 bins.
    let bins = maximumBins - 1
    var thresholds: [Double] = []
    var remaining = sample.count
    var held = 0
    for index in distinct.indices.dropLast() {
        held += distinct[index].count
        let binsLeft = bins - thresholds.count
        guard binsLeft > 1 else { break }
        let isFull =
            distinct.count <= bins || held * binsLeft >= remaining
            || (distinct[index + 1].count * binsLeft >= remaining
                && held * binsLeft * 2 >= remaining)
        if isFull {
            thresholds.append(between(distinct[index].value, distinct[index + 1].value))
            remaining -= held
            held = 0
        }
    }
    return thresholds
}

/// A number t with low <= t < high, half way where that is possible.
private func between(_ low: Double, _ high: Double) -> Double {
    let middle = low / 2 + high / 2
    return middle >= low && middle < high ? middle : low
}
