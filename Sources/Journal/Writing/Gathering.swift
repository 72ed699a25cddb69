/// Decides how long to wait for the appenders that were just answered. Each comes back with its next
/// batch a moment later: without a wait it would find the log taken for those who were first, and
/// every sync would carry half of what it could. Times are nanoseconds.
struct Gathering {
    /// So many batches wait when everybody is back.
    private(set) var expected = 0
    private var takenAt = 0
    private var end = 0

    /// Fewer gain nothing from each other's company.
    static let least = 4
    /// No wait is longer.
    static let longest = 300_000

    /// The log was taken for a group.
    mutating func taken(at now: Int) {
        takenAt = now
        expected = 0
    }

    /// So many are to be answered while others wait already.
    mutating func expect(_ count: Int, beside others: Int) {
        if count >= Gathering.least { expected = count + others }
    }

    /// The answers were given.
    mutating func left(at now: Int) {
        // To wait pays as long as it takes much less than the commit that it saves.
        end = now + min((now - takenAt) / 2, Gathering.longest)
    }

    /// Until when to wait for more than so many; nil: not at all.
    func deadline(having count: Int, at now: Int) -> Int? {
        count > 0 && count < expected && now < end ? end : nil
    }
}
