package import Millrace

/// How many causes an event is away from the drop behind it, for the events of the last moments:
/// enough to notice plugins that set each other off.
package struct CauseDepths: Sendable {
    private struct Entry {
        let sequence: UInt64
        let depth: Int
    }

    /// So many records are a stretch of the journal; those of the last two are known.
    private static let stretch: UInt64 = 32_768

    // The older table is let go of as a whole, and nothing taken out one by one. What is known depends on
    // the journal alone, and not on where somebody began to read.
    private var young: [EventID: Entry] = [:]
    private var old: [EventID: Entry] = [:]
    private var current: UInt64 = 0

    package init() {}

    package func depth(of id: EventID) -> Int { (young[id] ?? old[id])?.depth ?? 0 }

    package mutating func record(_ event: Event) {
        advance(to: event.sequence)
        guard let cause = event.causation else { return }
        young[event.id] = Entry(sequence: event.sequence, depth: depth(of: cause) + 1)
    }

    private mutating func advance(to sequence: UInt64) {
        let next = sequence / CauseDepths.stretch
        guard next > current else { return }
        old = next == current + 1 ? young : [:]
        young = [:]
        current = next
    }

    // MARK: snapshots

    struct Kept: Codable {
        var id: EventID
        var sequence: UInt64
        var depth: Int
    }

    /// The depths of some events, in the order of the journal. Only an event that is yet to be handled
    /// can cause another: the others need not be kept.
    func kept(_ sequences: Set<UInt64>) -> [Kept] {
        guard !sequences.isEmpty else { return [] }
        return old.merging(young) { _, new in new }
            .filter { sequences.contains($0.value.sequence) }
            .map { Kept(id: $0.key, sequence: $0.value.sequence, depth: $0.value.depth) }
            .sorted { $0.sequence < $1.sequence }
    }

    init(_ kept: [Kept]) {
        self.init()
        for one in kept {
            advance(to: one.sequence)
            young[one.id] = Entry(sequence: one.sequence, depth: one.depth)
        }
    }
}
