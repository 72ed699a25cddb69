package import Millrace

/// Which events are set aside, for each plugin.
package struct DeadLetterBook: Projection {
    package static let types: [any EventPayload.Type] = [
        ReactionDeadLettered.self, DeadLetterResolved.self,
    ]

    package private(set) var letters: [String: Set<UInt64>] = [:]

    package init() {}

    package mutating func apply(_ event: Event) {
        if let dead = event.payload(as: ReactionDeadLettered.self) {
            letters[dead.plugin, default: []].formUnion(dead.sequences)
        } else if let resolved = event.payload(as: DeadLetterResolved.self) {
            letters[resolved.plugin]?.remove(resolved.sequence)
        }
    }
}
