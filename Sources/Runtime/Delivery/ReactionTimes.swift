/// How long reactions took: counts in buckets of fixed bounds, so that histories of any length take the
/// same room, and buckets of one machine can be added to those of another.
package struct ReactionTimes: Sendable, Codable, Equatable {
    /// Upper bounds in seconds; what is above the last one is counted behind it.
    package static let bounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
        1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000,
    ]

    /// How many took at most the bound of the same index and more than the one before; one more for
    /// what is above all bounds.
    package private(set) var counts = [UInt64](repeating: 0, count: ReactionTimes.bounds.count + 1)
    /// Seconds, of all together.
    package private(set) var sum = 0.0
    /// Seconds.
    package private(set) var slowest = 0.0

    package init() {}

    package var count: UInt64 { counts.reduce(0, +) }

    package mutating func add(seconds: Double) {
        let bounds = ReactionTimes.bounds
        // A journal may say anything; what is no time at all counts as none.
        let seconds = seconds.isFinite ? max(0, seconds) : 0
        counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += 1
        sum += seconds
        slowest = max(slowest, seconds)
    }

    /// The time that a share of the reactions kept within, as near as the buckets say; nil when there
    /// were none.
    ///
    /// - Parameter share: 0.5 for the median, 0.99 for what one in a hundred exceeds.
    package func quantile(_ share: Double) -> Double? {
        let total = count
        guard total > 0 else { return nil }
        let rank = max(1, (Double(total) * min(max(share, 0), 1)).rounded(.up))
        var before: UInt64 = 0
        for (index, inBucket) in counts.enumerated() {
            guard Double(before + inBucket) >= rank else {
                before += inBucket
                continue
            }
            let low = index == 0 ? 0 : ReactionTimes.bounds[index - 1]
            let high = index < ReactionTimes.bounds.count ? ReactionTimes.bounds[index] : slowest
            let within = (rank - Double(before)) / Double(inBucket)
            return min(low + (high - low) * within, slowest)
        }
        return slowest
    }
}
