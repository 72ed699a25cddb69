import Millrace

/// Something came in from outside.
struct SimDrop: EventPayload {
    static let type = "sim.dropped"
    var dataset: String
    var number: Int
    var subject: Subject { .dataset(dataset) }
}

struct SimStored: EventPayload {
    static let type = "sim.stored"
    var dataset: String
    var number: Int
    var subject: Subject { .dataset(dataset) }
}

struct SimCounted: EventPayload {
    static let type = "sim.counted"
    var dataset: String
    /// How many had been stored when this was.
    var count: Int
    var subject: Subject { .dataset(dataset) }
}

struct SimTold: EventPayload {
    static let type = "sim.told"
    /// The numbers of the drops that it is about.
    var numbers: [Int]
    var subject: Subject { Subject("people", "") }
}

struct SimCount: Projection, Codable {
    static let types: [any EventPayload.Type] = [SimStored.self]
    var counts: [String: Int] = [:]
    mutating func apply(_ event: Event) {
        if event.type == SimStored.type { counts[event.subject.name, default: 0] += 1 }
    }
}

/// Writes each drop down, as the validator and the deployer do: an effect that bears being repeated.
struct StorePlugin: Plugin {
    static let name: PluginName = "store"
    static let summary = "Writes each drop down."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(SimDrop.self) { drop, context in
            let name = "reports/\(drop.dataset)/\(drop.number)"
            guard let path = WorkspacePath(escaped: name) else {
                throw ReactionError("no path", retryable: false)
            }
            try context.outputs.write(Array("\(context.event.id)".utf8), to: path)
            return [SimStored(dataset: drop.dataset, number: drop.number)]
        }
    }
}

/// Folds a state, and says what it was.
struct CountPlugin: Plugin {
    static let name: PluginName = "count"
    static let summary = "Counts what was stored."
    static let projections: [any Projection.Type] = [SimCount.self]
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(SimStored.self) { stored, context in
            let count = try context.state(SimCount.self).counts[stored.dataset] ?? 0
            return [SimCounted(dataset: stored.dataset, count: count)]
        }
    }
}

/// Runs a program for what waits, together; the program is slow, fails, and is called off.
struct TellPlugin: Plugin {
    static let name: PluginName = "tell"
    static let summary = "Tells people, through a program."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(SimDrop.self, coalescing: true, timeout: 100) { _, context in
            let numbers = try context.events.map { try $0.decode(SimDrop.self).number }
            try await context.run(["tell"])
            return [SimTold(numbers: numbers)]
        }
    }
}
