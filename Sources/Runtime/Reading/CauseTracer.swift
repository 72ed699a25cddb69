package import Journal
package import Millrace

/// A fact with what it rests on.
package struct CauseNode: Sendable {
    /// The record; nil for a heading over others, such as a file.
    package var event: Event?
    /// What a heading says; empty for a record.
    package var title: String
    /// The causes of the record, from the nearest to the first; for a heading, nothing.
    package var chain: [CauseNode]
    /// What the record itself rests on beside its cause.
    package var evidence: [CauseNode]

    init(
        event: Event? = nil, title: String = "", chain: [CauseNode] = [],
        evidence: [CauseNode] = []
    ) {
        self.event = event
        self.title = title
        self.chain = chain
        self.evidence = evidence
    }
}

/// What followed from a record.
package struct ConsequenceNode: Sendable {
    package let event: Event
    package let consequences: [ConsequenceNode]
}

/// Follows causes through a journal: back to the files and people that a fact came from, or forward
/// to what came of it.
package struct CauseTracer {
    private let search: EvidenceSearch
    private let files: (any FileStore)?
    private var events: [UInt64: Event] = [:]
    private var byID: [EventID: UInt64] = [:]
    private var loaded: Set<EventID> = []
    /// A version's own story is told once, within the deployments that rest on it.
    private var told: Set<UInt64> = []

    private static let depthMax = 4
    /// Deeper than this nothing is shown: the runtime cuts chains long before.
    private static let depthShown = 200
    private static let chainMax = 10_000

    /// - Parameter files: where the lists of datasets' files lie.
    package init(_ search: EvidenceSearch, files: (any FileStore)? = nil) {
        self.search = search
        self.files = files
    }

    /// The record with its causes, each with its evidence.
    package mutating func causes(of event: Event) throws(JournalError) -> CauseNode {
        try node(event, depth: 0)
    }

    /// What came of a record, in the order of the journal. Marks of the runtime are left out.
    package mutating func consequences(
        of event: Event
    ) throws(JournalError) -> ConsequenceNode {
        try load(correlation: event.correlation)
        var children: [EventID: [Event]] = [:]
        for other in events.values.sorted(by: { $0.sequence < $1.sequence }) {
            // A cause comes before what it causes: so this is a tree, whatever a journal claims.
            guard other.sequence <= search.last, let cause = other.causation,
                !RuntimeMarks.types.contains(other.type),
                let place = byID[cause], place < other.sequence
            else { continue }
            children[cause, default: []].append(other)
        }
        return CauseTracer.tree(event, children, depth: 0)
    }

    private static func tree(
        _ event: Event, _ children: [EventID: [Event]], depth: Int
    ) -> ConsequenceNode {
        let next = depth < depthShown ? children[event.id] ?? [] : []
        return ConsequenceNode(
            event: event, consequences: next.map { tree($0, children, depth: depth + 1) })
    }

    // MARK: causes

    private mutating func node(_ event: Event, depth: Int) throws(JournalError) -> CauseNode {
        let trunk = try chain(of: event)
        var needs: [UInt64: [Need]] = [:]
        let versions = Set(trunk.compactMap { $0.payload(as: ModelVersionCreated.self)?.version })
        for event in trunk {
            needs[event.sequence] = try Needs(
                search: search, trunkVersions: versions, files: files
            ).of(event)
        }
        let ids = Set(trunk.map(\.id))
        var nodes: [CauseNode] = []
        for event in trunk {
            var node = CauseNode(event: event)
            for need in needs[event.sequence] ?? [] {
                node.evidence.append(contentsOf: try evidence(need, trunk: ids, depth: depth))
            }
            nodes.append(node)
        }
        var first = nodes.removeFirst()
        first.chain = nodes
        return first
    }

    private mutating func evidence(
        _ need: Need, trunk: Set<EventID>, depth: Int
    ) throws(JournalError) -> [CauseNode] {
        switch need {
        case .fact(let event): return [CauseNode(event: event)]
        case .file(let title, let events):
            let needs = Needs(search: search, trunkVersions: [], files: files)
            var facts: [CauseNode] = []
            for event in events {
                let contract = try needs.contract(of: event)
                facts.append(
                    CauseNode(
                        event: event, evidence: contract.map { [CauseNode(event: $0)] } ?? []))
            }
            return [CauseNode(title: title, evidence: facts)]
        case .story(let event):
            // What has its cause in this chain has its story told by it.
            let isNew = told.insert(event.sequence).inserted
            let isHere = event.causation.map { trunk.contains($0) } ?? false
            guard isNew, !isHere, depth < CauseTracer.depthMax else {
                return [CauseNode(event: event)]
            }
            return [try node(event, depth: depth + 1)]
        }
    }

    /// The record and its causes, the nearest first.
    private mutating func chain(of event: Event) throws(JournalError) -> [Event] {
        try load(correlation: event.correlation)
        var chain = [event]
        var seen: Set<EventID> = [event.id]
        while let cause = chain.last?.causation, seen.insert(cause).inserted,
            chain.count < CauseTracer.chainMax, let sequence = byID[cause],
            let next = events[sequence]
        {
            chain.append(next)
        }
        return chain
    }

    // MARK: loading

    private mutating func load(correlation: EventID) throws(JournalError) {
        guard loaded.insert(correlation).inserted else { return }
        for event in try search.reader.events(correlation: correlation) { keep(event) }
    }

    private mutating func keep(_ event: Event) {
        events[event.sequence] = event
        byID[event.id] = event.sequence
    }
}
