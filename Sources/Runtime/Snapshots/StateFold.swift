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
    /// What is needed of the events of each type; nothing of those that are not here.
    private var needs: [String: Need] = [:]
    /// Whether depths matter to whoever folds.
    private var countsDepths: Bool

    package init(
        projections types: [any Projection.Type], plugins: [RegisteredPlugin],
        countsDepths: Bool = false
    ) {
        projections = ProjectionSet(types)
        deliveries = DeliveryHistory(plugins: plugins)
        self.countsDepths = countsDepths
        findNeeds()
    }

    /// What is to be read of an event.
    private enum Need {
        /// Its payload, too.
        case whole
        /// Its payload, unless the projections are indifferent to it just now; then the rest.
        case wholeForProjections
        /// The same; and then nothing at all.
        case projectionsAlone
        /// All but its payload.
        case envelope
    }

    private mutating func findNeeds() {
        let read = deliveries.readTypes
        let noted = deliveries.types
        // A depth is told by the events between, whoever wants them.
        needs = countsDepths ? needs.mapValues { _ in .envelope } : [:]
        for type in projections.types.union(noted) {
            if read.contains(type) {
                needs[type] = .whole
            } else if !projections.types.contains(type) {
                needs[type] = .envelope
            } else {
                needs[type] =
                    noted.contains(type) || countsDepths ? .wholeForProjections : .projectionsAlone
            }
        }
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
        let type = cursor.type(of: record)
        switch needs[type] {
        case nil: sequence = record.sequence
        case .whole: apply(try cursor.event(of: record))
        case .envelope: note(try cursor.envelope(of: record))
        case .wholeForProjections where projections.isIndifferent(to: type):
            note(try cursor.envelope(of: record))
        case .projectionsAlone where projections.isIndifferent(to: type):
            sequence = record.sequence
        case .wholeForProjections, .projectionsAlone: apply(try cursor.event(of: record))
        }
    }

    /// Lets go of what one state holds, for whoever has taken it.
    package mutating func empty(_ type: any Projection.Type) { projections.empty(type) }

    /// Takes the next event.
    package mutating func apply(_ event: Event) {
        projections.apply(event)
        note(event)
    }

    /// Takes an event, whose payload nobody needs, or was read already.
    private mutating func note(_ event: Event) {
        sequence = event.sequence
        time = event.time
        deliveries.apply(event)
        if countsDepths { depths.record(event) }
    }
}

// MARK: halves

extension StateFold {
    /// Whether there are both projections and deliveries to be folded.
    var hasTwoHalves: Bool { !projections.kinds.isEmpty && !deliveries.isEmpty }

    /// Most projections, to be folded apart; the rest stays here. Those that want events of one type
    /// alone stay as well, so that both halves have about as much to do.
    mutating func takeProjections() -> StateFold {
        let wide = projections.kinds.filter { $0.types.count > 1 }
        let narrow = projections.kinds.filter { $0.types.count <= 1 }
        var half = self
        half.deliveries = DeliveryHistory(plugins: [])
        half.depths = CauseDepths()
        half.countsDepths = false
        half.projections = projections.keeping(wide)
        projections = projections.keeping(narrow)
        half.findNeeds()
        findNeeds()
        return half
    }

    /// Puts them back, folded to the same record.
    mutating func putProjections(_ half: StateFold, in order: [any Projection.Type]) {
        var whole = ProjectionSet(order)
        whole.put(projections)
        whole.put(half.projections)
        projections = whole
        findNeeds()
    }
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
