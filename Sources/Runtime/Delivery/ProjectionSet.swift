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
    @inline(__always)
    func areIndifferent(_ places: [Int], to type: String) -> Bool {
        for place in places where !states[place].isIndifferent(to: type) { return false }
        return true
    }

    /// The same for events about a subject.
    @inline(__always)
    func areIndifferent(_ places: [Int], to type: String, about subject: Subject) -> Bool {
        for place in places where !states[place].isIndifferent(to: type, about: subject) {
            return false
        }
        return true
    }

    /// Whether it is worth asking: a state that is not indifferent when it is empty, to an event about
    /// nothing that there is, never is.
    func mayBeIndifferent(_ places: [Int], to type: String) -> Bool {
        let nothing = Subject("", "")
        return places.allSatisfy { place in
            Swift.type(of: states[place]).init().isIndifferent(to: type, about: nothing)
        }
    }

    /// The types of the states.
    var kinds: [any Projection.Type] { states.map { type(of: $0) } }

    /// The same in groups, of which no two want events of the same type.
    var kindsThatShareTypes: [[any Projection.Type]] {
        var groups: [(types: Set<String>, kinds: [any Projection.Type])] = []
        for kind in kinds {
            var merged = (types: Set(kind.types.map { $0.type }), kinds: [kind])
            let shared = groups.filter { !$0.types.isDisjoint(with: merged.types) }
            groups.removeAll { !$0.types.isDisjoint(with: merged.types) }
            for group in shared {
                merged.types.formUnion(group.types)
                merged.kinds = group.kinds + merged.kinds
            }
            groups.append(merged)
        }
        return groups.map(\.kinds)
    }

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
