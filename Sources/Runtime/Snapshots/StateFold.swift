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
    /// What is done with the events of each type that matters; with others, nothing.
    private var plans: [Plan] = []
    /// Whether depths matter to whoever folds.
    private var countsDepths: Bool

    package init(
        projections types: [any Projection.Type], plugins: [RegisteredPlugin],
        countsDepths: Bool = false
    ) {
        projections = ProjectionSet(types)
        deliveries = DeliveryHistory(plugins: plugins)
        self.countsDepths = countsDepths
        makePlans()
    }

    /// What is done with the events of a type. Found once, not for each of a million events.
    private struct Plan: Sendable {
        let type: String
        let need: Need
        /// The projections that want them.
        let places: [Int]
        /// Whether those can be indifferent to any of them.
        let mayBeIndifferent: Bool
        let subscribers: [DeliveryHistory.Subscriber]
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

    private mutating func makePlans() {
        let read = deliveries.readTypes
        let noted = deliveries.types
        // A depth is told by the events between, whoever wants them.
        let between = countsDepths ? Set(plans.map(\.type)) : []
        plans = projections.types.union(noted).union(between).sorted().map { type in
            let isWanted = projections.types.contains(type)
            let need: Need =
                if read.contains(type) {
                    .whole
                } else if !isWanted {
                    .envelope
                } else if noted.contains(type) || countsDepths {
                    .wholeForProjections
                } else {
                    .projectionsAlone
                }
            let places = projections.places(of: type)
            return Plan(
                type: type, need: need, places: places,
                mayBeIndifferent: projections.mayBeIndifferent(places, to: type),
                subscribers: deliveries.subscribers(to: type))
        }
    }

    /// The types that matter to it.
    var types: [String] { plans.map(\.type) }

    /// For the records of a journal, as long as this folds the same.
    package func decoder(_ reader: JournalReader) -> RecordDecoder {
        RecordDecoder(reader, types: types)
    }

    /// Takes the next record. Events that change nothing are not taken out of it.
    ///
    /// - Parameter decoder: was made by this fold.
    package mutating func apply(
        _ record: RawRecord, _ decoder: RecordDecoder
    ) throws(JournalError) {
        try take(record, decoder)
        time = record.time
    }

    /// Takes all records up to a moment, and up to and with one.
    mutating func fold(
        _ cursor: JournalCursor, _ decoder: RecordDecoder, to moment: Moment, through last: UInt64
    ) throws(JournalError) {
        var latest: RawRecord?
        while sequence < last, let record = try cursor.next(), moment.includes(record) {
            try take(record, decoder)
            latest = record
        }
        // Reading a time takes as long as all else about a record that nobody wants.
        if let latest { time = latest.time }
    }

    private mutating func take(
        _ record: RawRecord, _ decoder: RecordDecoder
    ) throws(JournalError) {
        try record.withRecordLine { line throws(JournalError) in
            try take(line, at: decoder.place(ofType: line), decoder)
        }
    }

    /// Takes a record but for its time.
    ///
    /// - Parameter place: of its type among `types`; nil for any other.
    mutating func take(
        _ line: RecordLine, at place: Int?, _ decoder: RecordDecoder
    ) throws(JournalError) {
        if let place, place < plans.count {
            switch plans[place].need {
            case .whole:
                let event = try decoder.event(of: line)
                apply(event, place)
                deliveries.mark(event)
            case .envelope: try note(line, decoder, place)
            case .wholeForProjections:
                if try isIndifferent(line, decoder, place) {
                    try note(line, decoder, place)
                } else {
                    apply(try decoder.event(of: line), place)
                }
            case .projectionsAlone:
                if try !isIndifferent(line, decoder, place) {
                    projections.apply(try decoder.event(of: line), at: plans[place].places)
                }
            }
        }
        sequence = line.sequence
    }

    // Inlined, or all that is folded is handed over, and its references counted, for each record.
    @inline(__always)
    private func isIndifferent(
        _ line: RecordLine, _ decoder: RecordDecoder, _ place: Int
    ) throws(JournalError) -> Bool {
        guard plans[place].mayBeIndifferent else { return false }
        let (type, places) = (plans[place].type, plans[place].places)
        if projections.areIndifferent(places, to: type) { return true }
        let subject = try decoder.subject(of: line)
        return projections.areIndifferent(places, to: type, about: subject)
    }

    private mutating func apply(_ event: Event, _ place: Int) {
        projections.apply(event, at: plans[place].places)
        deliveries.note(event.sequence, about: event.subject, for: plans[place].subscribers)
        if countsDepths { depths.record(event) }
    }

    /// Takes an event whose payload nobody needs, or not now.
    private mutating func note(
        _ line: RecordLine, _ decoder: RecordDecoder, _ place: Int
    ) throws(JournalError) {
        if countsDepths { depths.record(try decoder.envelope(of: line)) }
        guard !plans[place].subscribers.isEmpty else { return }
        deliveries.note(
            line.sequence, about: try decoder.subject(of: line), for: plans[place].subscribers)
    }

    /// Lets go of what one state holds, for whoever has taken it.
    package mutating func empty(_ type: any Projection.Type) { projections.empty(type) }

    /// Takes the next event.
    package mutating func apply(_ event: Event) {
        projections.apply(event)
        deliveries.apply(event)
        if countsDepths { depths.record(event) }
        sequence = event.sequence
        time = event.time
    }
}

// MARK: parts

extension StateFold {
    /// Everything that is folded, in parts that can be folded apart: deliveries and depths first, then the
    /// projections, those that want the same events together, so that these are made but once. Nothing
    /// stays here, so that no part is copied when it changes.
    mutating func takeParts() -> [StateFold] {
        var main = self
        main.projections = ProjectionSet([])
        main.makePlans()
        deliveries = DeliveryHistory(plugins: [])
        depths = CauseDepths()
        let parts = projections.kindsThatShareTypes.map { kinds in
            var part = self
            part.countsDepths = false
            part.projections = projections.keeping(kinds)
            part.makePlans()
            return part
        }
        projections = ProjectionSet([])
        return [main] + parts
    }

    /// Puts them back, folded up to the same record.
    ///
    /// - Parameter order: the projections as they were.
    mutating func putParts(_ parts: [StateFold], in order: [any Projection.Type]) {
        projections = ProjectionSet(order)
        for part in parts { projections.put(part.projections) }
        guard let main = parts.first else { return }
        deliveries = main.deliveries
        depths = main.depths
        sequence = main.sequence
        makePlans()
    }

    /// The time of the last record that was taken.
    mutating func set(time: Timestamp) { self.time = time }
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
