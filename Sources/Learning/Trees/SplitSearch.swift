/// The best way found to divide the rows of a leaf by one column.
struct Split {
    enum Rule {
        /// Bins up to this one go left.
        case upTo(bin: Int, missingGoesLeft: Bool)
        /// These bins go left.
        case bins([Int])
    }

    let column: Int
    let rule: Rule
    /// Twice what the loss falls by.
    let gain: Double
    let left: GradientScale.Pair
    let right: GradientScale.Pair

    /// For each bin whether its rows go left, as 1 or 0.
    var goesLeft: [UInt8] {
        var sides = [UInt8](repeating: 0, count: 256)
        switch rule {
        case .upTo(let bin, _): for index in 0...bin { sides[index] = 1 }
        case .bins(let bins): for index in bins { sides[index] = 1 }
        }
        return sides
    }
}

/// What a split must meet, and the search for the best one in a histogram.
struct SplitSearch {
    let table: BinnedTable
    let scale: GradientScale
    let l2: Double
    let minimumRows: Int
    let minimumHessian: Double

    /// Sets of levels have more freedom than thresholds and fit chance sooner. Three brakes, whose
    /// strength was chosen by the AUC on held-out rows: a level with few rows is taken for an average
    /// one when levels are put in order (this many units of second derivative, about 80 rows at even
    /// odds) …
    private static let levelSmoothing = 20.0
    /// … a set has this much more `l2` than a threshold …
    private static let levelL2 = 10.0
    /// … and each side at least this many rows, or a hundredth of all when that is less.
    private static let levelRows = 100

    /// The best split over some columns; the first column wins a tie. Nil when none helps.
    func best(_ histogram: Histogram, total: GradientScale.Pair, columns: [Int]) -> Split? {
        var best: Split?
        for column in columns {
            let sums = histogram.sums.base + table.columns[column].offset
            let found =
                table.columns[column].isCategorical
                ? bestLevels(column, sums, total) : bestThreshold(column, sums, total)
            if let found, found.gain > best?.gain ?? 0 { best = found }
        }
        return best
    }

    /// What dividing `total` into `left` and the rest gains; 0 when it may not be.
    @inline(__always)
    private func gain(
        _ left: LeafSums, _ right: LeafSums, parentScore: Double, rows: Int, l2: Double
    ) -> Double {
        guard left.count >= rows, right.count >= rows,
            left.hessian >= minimumHessian, right.hessian >= minimumHessian
        else { return 0 }
        let children = left.score(l2) + right.score(l2)
        let gain = children - parentScore
        // Less is rounding.
        return gain > children * 1e-12 ? gain : 0
    }

    private func bestThreshold(
        _ column: Int, _ sums: UnsafePointer<GradientScale.Pair>, _ total: GradientScale.Pair
    ) -> Split? {
        let missingBin = table.columns[column].missingBin
        let missing = sums[missingBin]
        let hasMissing = scale.sums(missing).count > 0
        let parentScore = scale.sums(total).score(l2)
        var best: (gain: Double, bin: Int, left: GradientScale.Pair, missingGoesLeft: Bool)?
        func gainOf(_ left: GradientScale.Pair) -> Double {
            gain(
                scale.sums(left), scale.sums(total &- left), parentScore: parentScore,
                rows: minimumRows, l2: l2)
        }
        var left = GradientScale.Pair.zero
        // The last bin of values can only be parted from the missing ones.
        for bin in 0..<(hasMissing ? missingBin : missingBin - 1) {
            let here = sums[bin]
            if here[1] == 0 { continue }
            left &+= here
            let found = gainOf(left)
            if found > best?.gain ?? 0 { best = (found, bin, left, false) }
            if hasMissing {
                let with = left &+ missing
                let found = gainOf(with)
                if found > best?.gain ?? 0 { best = (found, bin, with, true) }
            }
        }
        guard let best else { return nil }
        let right = total &- best.left
        // Where training saw nothing missing, a missing value goes with the majority.
        let missingGoesLeft =
            hasMissing
            ? best.missingGoesLeft : scale.sums(best.left).count >= scale.sums(right).count
        return Split(
            column: column, rule: .upTo(bin: best.bin, missingGoesLeft: missingGoesLeft),
            gain: best.gain, left: best.left, right: right)
    }

    /// Puts the levels in the order of their mean derivative, where the best division into two sets
    /// is one of the prefixes (Fisher 1958), and tries each prefix.
    private func bestLevels(
        _ column: Int, _ sums: UnsafePointer<GradientScale.Pair>, _ total: GradientScale.Pair
    ) -> Split? {
        let whole = scale.sums(total)
        let mean = whole.hessian > 0 ? whole.gradient / whole.hessian : 0
        var order: [(bin: Int, key: Double)] = []
        for bin in 0..<table.columns[column].binCount where sums[bin][1] != 0 {
            let here = scale.sums(sums[bin])
            let key = (here.gradient - mean * here.hessian) / (here.hessian + Self.levelSmoothing)
            order.append((bin, key))
        }
        guard order.count > 1 else { return nil }
        order.sort { $0.key != $1.key ? $0.key < $1.key : $0.bin < $1.bin }
        let parentScore = whole.score(l2)
        let rows = max(minimumRows, min(Self.levelRows, table.rowCount / 100))
        var best: (gain: Double, length: Int, left: GradientScale.Pair)?
        var left = GradientScale.Pair.zero
        for length in 1..<order.count {
            left &+= sums[order[length - 1].bin]
            let found = gain(
                scale.sums(left), scale.sums(total &- left), parentScore: parentScore,
                rows: rows, l2: l2 + Self.levelL2)
            if found > best?.gain ?? 0 { best = (found, length, left) }
        }
        guard let best else { return nil }
        // The smaller side is named, so that a level not seen here goes with the majority.
        let right = total &- best.left
        let prefix = order[..<best.length].map(\.bin).sorted()
        let suffix = order[best.length...].map(\.bin).sorted()
        return scale.sums(best.left).count <= scale.sums(right).count
            ? Split(
                column: column, rule: .bins(prefix), gain: best.gain, left: best.left, right: right)
            : Split(
                column: column, rule: .bins(suffix), gain: best.gain, left: right, right: best.left)
    }
}
