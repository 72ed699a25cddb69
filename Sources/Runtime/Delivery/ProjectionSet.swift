package import Millrace

/// The states that plugins asked for, each folded once, and handed out by value.
package struct ProjectionSet: Sendable {
    private var states: [any Projection] = []
    private var places: [ObjectIdentifier: Int] = [:]
    /// For each event type, the states that it changes.
    private var interested: [String: [Int]] = [:]

    package init(_ types: [any Projection.Type]) {
        for type in types {
            let key = ObjectIdentifier(type)
            guard places[key] == nil else { continue }
            places[key] = states.count
            for payload in type.types { interested[payload.type, default: []].append(states.count) }
            states.append(type.init())
        }
    }

    /// The event types that change any of them.
    package var types: Set<String> { Set(interested.keys) }

    package mutating func apply(_ event: Event) { apply(event, at: places(of: event.type)) }

    /// Where the states are that events of a type change.
    func places(of type: String) -> [Int] { interested[type] ?? [] }

    /// Gives an event to those that it changes.
    mutating func apply(_ event: Event, at places: [Int]) {
        for place in places { states[place].apply(event) }
    }

    /// Whether events of a type would change none of those, as they are now.
    func areIndifferent(_ places: [Int], to type: String) -> Bool {
        places.allSatisfy { states[$0].isIndifferent(to: type) }
    }

    /// The types of the states.
    var kinds: [any Projection.Type] { states.map { type(of: $0) } }

    /// Puts a state in the place of the one of its type.
    mutating func put(_ state: any Projection) {
        if let place = places[ObjectIdentifier(type(of: state))] { states[place] = state }
    }

    /// Puts the states of another set in the places of those of their types.
    mutating func put(_ other: ProjectionSet) {
        for state in other.states { put(state) }
    }

    /// Lets go of what one state holds.
    mutating func empty(_ type: any Projection.Type) { put(type.init()) }

    /// The same states of these types alone.
    package func keeping(_ types: [any Projection.Type]) -> ProjectionSet {
        var kept = ProjectionSet(types)
        for type in types {
            if let place = places[ObjectIdentifier(type)] { kept.put(states[place]) }
        }
        return kept
    }

    package func state<P: Projection>(_ type: P.Type) -> P? {
        places[ObjectIdentifier(type)].flatMap { states[$0] as? P }
    }

    package func states(for plugin: RegisteredPlugin) -> [ObjectIdentifier: any Projection] {
        var chosen: [ObjectIdentifier: any Projection] = [:]
        for type in plugin.projections {
            let key = ObjectIdentifier(type)
            chosen[key] = places[key].map { states[$0] }
        }
        return chosen
    }
}
