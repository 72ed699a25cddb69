package import Journal
package import Millrace

/// Everything that is folded from a journal: projections, what each plugin has yet to handle, and how
/// deep the causes go. Starts empty, or from a snapshot.
package struct StateFold: Sendable {
    package private(set) var projections: ProjectionSet
    /// What each plugin has yet to handle; only for the plugins that were given.
    package private(set) var deliveries: DeliveryHistory
    package private(set) var depths = CauseDepths()
    /// The last record that counted; 0 when there is none.
    package private(set) var sequence: UInt64 = 0
    /// The time of that record.
    package private(set) var time: Timestamp?
    /// The types whose events change anything.
    private var wanted: Set<String>
    /// Whether depths matter to whoever folds.
    private var countsDepths: Bool

    package init(
        projections types: [any Projection.Type], plugins: [RegisteredPlugin],
        countsDepths: Bool = false
    ) {
        projections = ProjectionSet(types)
        deliveries = DeliveryHistory(plugins: plugins)
        wanted = projections.types.union(deliveries.types)
        self.countsDepths = countsDepths
    }

    /// Takes the next record. Events that change nothing are not taken out of it.
    package mutating func apply(
        _ record: RawRecord, of cursor: JournalCursor
    ) throws(JournalError) {
        try take(record, of: cursor)
        time = record.time
    }

    /// Takes all records up to a moment, and up to and with one.
    package mutating func fold(
        _ cursor: JournalCursor, to moment: Moment, through last: UInt64 = .max
    ) throws(JournalError) {
        var latest: RawRecord?
        while sequence < last, let record = try cursor.next(), moment.includes(record) {
            try take(record, of: cursor)
            latest = record
        }
        // Reading a time takes as long as all else about a record that nobody wants.
        if let latest { time = latest.time }
    }

    private mutating func take(
        _ record: RawRecord, of cursor: JournalCursor
    ) throws(JournalError) {
        if wanted.contains(cursor.type(of: record)) {
            apply(try cursor.event(of: record))
        } else {
            sequence = record.sequence
        }
    }

    /// Lets go of what one state holds, for whoever has taken it.
    package mutating func empty(_ type: any Projection.Type) { projections.empty(type) }

    /// Takes the next event.
    package mutating func apply(_ event: Event) {
        sequence = event.sequence
        time = event.time
        projections.apply(event)
        deliveries.apply(event)
        if countsDepths { depths.record(event) }
    }
}

// MARK: halves

extension StateFold {
    /// Whether there are both projections and deliveries to be folded.
    var hasTwoHalves: Bool { !projections.kinds.isEmpty && !deliveries.isEmpty }

    /// The projections alone, to be folded apart; the rest stays here.
    mutating func takeProjections() -> StateFold {
        var half = self
        half.deliveries = DeliveryHistory(plugins: [])
        half.depths = CauseDepths()
        half.countsDepths = false
        half.wanted = projections.types
        projections = ProjectionSet([])
        return half
    }

    /// Puts them back, folded to the same record.
    mutating func putProjections(_ half: StateFold) { projections = half.projections }
}

// MARK: snapshots

extension StateFold {
    private static let deliveriesName = "deliveries"
    private static let lettersName = "deadletters"
    private static let depthsName = "depths"

    /// Its parts as a snapshot keeps them.
    func sections() throws -> [SnapshotSection] {
        var sections: [SnapshotSection] = []
        func add<P: Projection>(_ type: P.Type) throws {
            let state = projections.state(type) ?? P()
            sections.append(
                SnapshotSection(
                    name: SnapshotSection.name(of: type), fingerprint: "",
                    bytes: try encodeState(state)))
        }
        for type in projections.kinds { try add(type) }
        sections.append(
            SnapshotSection(
                name: StateFold.deliveriesName, fingerprint: deliveries.fingerprint,
                bytes: try encodeState(deliveries.positions)))
        sections.append(
            SnapshotSection(
                name: StateFold.lettersName, fingerprint: "",
                bytes: try encodeState(deliveries.letters)))
        sections.append(
            SnapshotSection(
                name: StateFold.depthsName, fingerprint: "",
                bytes: try encodeState(depths.kept(deliveries.unsettled))))
        return sections.sorted { $0.name < $1.name }
    }

    /// Takes up the state that a snapshot keeps. - Throws: when it lacks a part that is wanted, or a
    /// part is not what it was; the fold is not to be used then.
    mutating func restore(_ snapshot: Snapshot) throws {
        func decode<P: Projection>(_ type: P.Type) throws -> any Projection {
            let bytes = try snapshot.section(SnapshotSection.name(of: type), fingerprint: "")
            return try decodeState(type, from: bytes)
        }
        for type in projections.kinds { projections.put(try decode(type)) }
        deliveries.letters = try decodeState(
            DeliveryHistory.Letters.self,
            from: snapshot.section(StateFold.lettersName, fingerprint: ""))
        if !deliveries.isEmpty {
            deliveries.positions = try decodeState(
                [String: DeliveryHistory.Position].self,
                from: snapshot.section(
                    StateFold.deliveriesName, fingerprint: deliveries.fingerprint))
        }
        if countsDepths {
            depths = CauseDepths(
                try decodeState(
                    [CauseDepths.Kept].self,
                    from: snapshot.section(StateFold.depthsName, fingerprint: "")))
        }
        sequence = snapshot.header.mark.sequence
        time = snapshot.header.time
    }
}
