import Testing

@testable import Journal

@Suite struct `The next commit` {
    private static let start = 1_000_000_000

    /// A commit of so many batches that took so long, while others came to wait.
    private func after(_ answered: Int, beside others: Int, nanoseconds: Int) -> Gathering {
        var gathering = Gathering()
        gathering.taken(at: Self.start - nanoseconds)
        gathering.expect(answered, beside: others)
        gathering.left(at: Self.start)
        return gathering
    }

    @Test func `waits until all who were answered are back`() {
        let gathering = after(40, beside: 24, nanoseconds: 400_000)
        #expect(gathering.expected == 64)
        #expect(gathering.deadline(having: 24, at: Self.start) == Self.start + 200_000)
        #expect(gathering.deadline(having: 63, at: Self.start) == Self.start + 200_000)
        #expect(gathering.deadline(having: 64, at: Self.start) == nil)
    }

    @Test func `waits no longer than half of what the last one took, and never long`() {
        let quick = after(8, beside: 0, nanoseconds: 10_000)
        #expect(quick.deadline(having: 1, at: Self.start + 4_999) == Self.start + 5_000)
        #expect(quick.deadline(having: 1, at: Self.start + 5_000) == nil)
        let slow = after(8, beside: 0, nanoseconds: 900_000_000)
        #expect(slow.deadline(having: 1, at: Self.start) == Self.start + Gathering.longest)
    }

    @Test func `does not wait when nobody waits, nor for the company of a few`() {
        #expect(
            after(8, beside: 8, nanoseconds: 400_000).deadline(having: 0, at: Self.start) == nil)
        let few = after(Gathering.least - 1, beside: 8, nanoseconds: 400_000)
        #expect(few.deadline(having: 1, at: Self.start) == nil)
    }

    @Test func `forgets who was expected once the log is taken again`() {
        var gathering = after(64, beside: 0, nanoseconds: 400_000)
        gathering.taken(at: Self.start)
        gathering.left(at: Self.start + 400_000)
        #expect(gathering.deadline(having: 1, at: Self.start + 400_000) == nil)
    }
}
