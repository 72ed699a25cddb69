/// Finds the first place of a row from which on something is so, by halving.
package struct Bisection: Sendable {
    /// It is not so at the first place, and so at the last.
    private var low: Int
    private var high: Int
    /// How often it was asked.
    package private(set) var questions = 0

    /// - Parameters:
    ///   - low: a place where it is not so.
    ///   - high: a later place where it is so.
    package init(from low: Int, to high: Int) {
        self.low = low
        self.high = max(high, low + 1)
    }

    /// The place to ask about next; nil when `found` is known.
    package var next: Int? { high - low > 1 ? low + (high - low) / 2 : nil }

    /// The first place where it is so.
    package var found: Int { high }

    /// What was answered about `next`.
    package mutating func answer(_ isSo: Bool) {
        guard let next else { return }
        questions += 1
        if isSo { high = next } else { low = next }
    }
}
