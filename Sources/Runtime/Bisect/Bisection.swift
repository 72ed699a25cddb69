/// Finds the first place of a row from which on something is so, by halving: in at most
/// floor(log2(n))+1 questions for a row of n places.
package struct Bisection: Sendable {
    /// It is not so at the first place, and so at the last.
    package private(set) var low: Int
    private var high: Int
    /// How often it was asked.
    package private(set) var questions = 0
    private let questionsMax: Int

    /// - Parameters:
    ///   - low: a place where it is not so.
    ///   - high: a later place where it is so.
    package init(from low: Int, to high: Int) {
        self.low = low
        self.high = max(high, low + 1)
        questionsMax = Bisection.questionsMax(of: self.high - low)
    }

    /// As many questions as a row of `count` places may need: floor(log2(count))+1.
    package static func questionsMax(of count: Int) -> Int {
        Int.bitWidth - max(count, 1).leadingZeroBitCount
    }

    /// The place to ask about next; nil when `found` is known.
    package var next: Int? { high - low > 1 ? low + (high - low) / 2 : nil }

    /// The same where some places are known, which costs less: the one of them that is nearest to the
    /// middle, if the questions that are left suffice for what it leaves on either side.
    ///
    /// - Parameter known: in ascending order.
    package func next(preferring known: [Int]) -> Int? {
        guard let middle = next else { return nil }
        let left = max(questionsMax - questions - 1, 0)
        let reach = left < Int.bitWidth - 1 ? 1 << left : Int.max
        return known.filter { $0 > low && $0 < high && $0 - low <= reach && high - $0 <= reach }
            .min { abs($0 - middle) < abs($1 - middle) } ?? middle
    }

    /// The first place where it is so.
    package var found: Int { high }

    /// What was answered about a place between those that are known: `next`, unless another is given.
    package mutating func answer(_ isSo: Bool, at place: Int? = nil) {
        guard let place = place ?? next, place > low, place < high else { return }
        questions += 1
        if isSo { high = place } else { low = place }
    }

    /// Asks until the place is found, or nothing more can be known.
    ///
    /// - Parameters:
    ///   - known: the answers that cost nothing, by their places.
    ///   - training: the answer at any other place; nil when it has none: then what is known has to do.
    /// - Returns: how many questions were answered from what is known, and how many by training.
    package mutating func halve(
        known: [Int: Bool], training: ((Int) async throws -> Bool?)?
    ) async throws -> (asked: Int, trained: Int) {
        let places = known.keys.sorted()
        var training = training
        var trained = 0
        while next != nil {
            let open = places.filter { $0 > low && $0 < high }
            if let train = training, let place = next(preferring: open) {
                if let isSo = known[place] {
                    answer(isSo, at: place)
                } else if let isSo = try await train(place) {
                    trained += 1
                    answer(isSo, at: place)
                } else {
                    training = nil
                }
            } else if let place = open.dropFirst(open.count / 2).first, let isSo = known[place] {
                answer(isSo, at: place)
            } else {
                break
            }
        }
        return (questions - trained, trained)
    }
}
