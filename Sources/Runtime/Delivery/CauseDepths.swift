package import Millrace

/// How many causes an event is away from the drop behind it, for the events of the last moments:
/// enough to notice plugins that set each other off.
package struct CauseDepths: Sendable {
    private var depths: [EventID: Int] = [:]
    private var order: [EventID] = []
    private var oldest = 0
    private let limit: Int

    package init(limit: Int = 65_536) { self.limit = limit }

    package func depth(of id: EventID) -> Int { depths[id] ?? 0 }

    package mutating func record(_ event: Event) {
        guard let cause = event.causation else { return }
        if depths.updateValue(depth(of: cause) + 1, forKey: event.id) != nil { return }
        if order.count < limit {
            order.append(event.id)
        } else {
            depths[order[oldest]] = nil
            order[oldest] = event.id
            oldest = (oldest + 1) % limit
        }
    }
}
