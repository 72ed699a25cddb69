/// Divides rows into those to learn from and those to measure on.
///
/// A row's side follows from the seed and its position alone, so it stays when rows are added behind.
package struct HoldOut: Hashable, Sendable {
    package let fraction: Double
    package let seed: UInt64

    /// - Parameter fraction: the share to measure on, 0 to 1.
    package init(fraction: Double, seed: UInt64) {
        self.fraction = fraction
        self.seed = seed
    }

    package func isHeldOut(row: Int) -> Bool {
        let word = SplitMix64.mix(seed &+ UInt64(truncatingIfNeeded: row) &* 0x9E37_79B9_7F4A_7C15)
        return Double(word >> 11) * 0x1p-53 < fraction
    }

    /// The target for training and the one for measuring: each has NaN, which is left out, on the
    /// other's rows.
    package func divide(_ target: [Double]) -> (training: [Double], test: [Double]) {
        var (training, test) = (target, target)
        for row in target.indices {
            if isHeldOut(row: row) { training[row] = .nan } else { test[row] = .nan }
        }
        return (training, test)
    }
}
