import Millrace

extension Runtime {
    /// How far back the causes of an event are looked for when a chain is cut.
    private static let searched: UInt64 = 65_536

    /// The types of the events that led to this one and come round again, the first first; where none
    /// does, those of the last causes. Read from the log, because it is asked for so seldom.
    func causes(of event: Event) -> [String] {
        var known: [EventID: (type: String, cause: EventID?)] = [:]
        let first = event.sequence > Runtime.searched ? event.sequence - Runtime.searched : 1
        // Without it the chain is cut all the same.
        try? configuration.read(first) { found in
            known[found.id] = (found.type, found.causation)
            return found.sequence < event.sequence
        }
        var types: [String] = []
        var next: EventID? = event.id
        while let id = next, let found = known[id], types.count < 10_000 {
            types.append(found.type)
            next = found.cause
        }
        return CauseCycle.find(in: types.reversed())
    }
}

/// What comes round in a chain of causes.
package enum CauseCycle {
    /// More types are not shown.
    private static let limit = 16

    /// - Parameter types: of the events, the first cause first.
    /// - Returns: the shortest run of types that the chain ends with twice, and its first one again.
    package static func find(in types: [String]) -> [String] {
        for length in 1...max(1, min(types.count / 2, limit)) where types.count >= 2 * length {
            let last = types.suffix(length)
            if types.dropLast(length).suffix(length).elementsEqual(last) {
                return Array(last) + last.prefix(1)
            }
        }
        return Array(types.suffix(limit))
    }
}
