package import Millrace

/// The states that plugins asked for, each folded once, and handed out by value.
package struct ProjectionSet: Sendable {
    private var states: [ObjectIdentifier: any Projection] = [:]
    /// For each event type, the states that it changes.
    private var interested: [String: [ObjectIdentifier]] = [:]

    package init(_ types: [any Projection.Type]) {
        for type in types {
            let key = ObjectIdentifier(type)
            guard states[key] == nil else { continue }
            states[key] = type.init()
            for payload in type.types { interested[payload.type, default: []].append(key) }
        }
    }

    /// The event types that change any of them.
    package var types: Set<String> { Set(interested.keys) }

    package mutating func apply(_ event: Event) {
        for key in interested[event.type] ?? [] {
            // Taken out and put back, so that the state has one owner and is changed in place.
            guard var state = states.removeValue(forKey: key) else { continue }
            state.apply(event)
            states[key] = state
        }
    }

    /// The types of the states.
    var kinds: [any Projection.Type] { states.values.map { type(of: $0) } }

    /// Puts a state in the place of the one of its type.
    mutating func put(_ state: any Projection) {
        let key = ObjectIdentifier(type(of: state))
        if states[key] != nil { states[key] = state }
    }

    /// The same states of these types alone.
    package func keeping(_ types: [any Projection.Type]) -> ProjectionSet {
        var kept = ProjectionSet(types)
        for type in types {
            if let state = states[ObjectIdentifier(type)] { kept.put(state) }
        }
        return kept
    }

    package func state<P: Projection>(_ type: P.Type) -> P? {
        states[ObjectIdentifier(type)] as? P
    }

    package func states(for plugin: RegisteredPlugin) -> [ObjectIdentifier: any Projection] {
        var chosen: [ObjectIdentifier: any Projection] = [:]
        for type in plugin.projections {
            chosen[ObjectIdentifier(type)] = states[ObjectIdentifier(type)]
        }
        return chosen
    }
}
