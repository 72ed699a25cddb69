package import Millrace

/// How many causes an event is away from the drop behind it, for the events of the last moments:
/// enough to notice plugins that set each other off.
package struct CauseDepths: Sendable {
    private var depths: [EventID: Int] = [:]
    private var order: [(id: EventID, sequence: UInt64)] = []
    private var oldest = 0
    private let limit: Int

    package init(limit: Int = 65_536) { self.limit = limit }

    package func depth(of id: EventID) -> Int { depths[id] ?? 0 }

    package mutating func record(_ event: Event) {
        guard let cause = event.causation else { return }
        record(event.id, event.sequence, depth: depth(of: cause) + 1)
    }

    private mutating func record(_ id: EventID, _ sequence: UInt64, depth: Int) {
        if depths.updateValue(depth, forKey: id) != nil { return }
        if order.count < limit {
            order.append((id, sequence))
        } else {
            depths[order[oldest].id] = nil
            order[oldest] = (id, sequence)
            oldest = (oldest + 1) % limit
        }
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
        return order.filter { sequences.contains($0.sequence) }
            .sorted { $0.sequence < $1.sequence }
            .map { Kept(id: $0.id, sequence: $0.sequence, depth: depth(of: $0.id)) }
    }

    init(_ kept: [Kept]) {
        self.init()
        for entry in kept { record(entry.id, entry.sequence, depth: entry.depth) }
    }
}
