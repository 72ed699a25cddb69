import Millrace

/// The damaged places of a journal that somebody has accepted, as the journal itself says.
package struct AcceptedDamage: Sendable {
    private var places: Set<Place> = []

    private struct Place: Hashable {
        let segment: String
        let sequence: UInt64
    }

    /// Reads a whole journal, over all damage.
    package init(_ reader: JournalReader) throws(JournalError) {
        let cursor = try reader.cursor(damage: .skip({ _ in }))
        while let record = try cursor.next() {
            guard record.isType("journal.damaged") else { continue }
            let event = try cursor.event(of: record)
            for place in event.payload(as: JournalDamaged.self)?.damages ?? [] {
                places.insert(Place(segment: place.segment, sequence: place.sequence))
            }
        }
    }

    /// Whether what is missing at the end of a segment follows a place in it that was accepted: nothing
    /// behind such a place need be whole.
    package func covers(_ damage: Damage) -> Bool {
        places.contains { $0.segment == damage.segment && $0.sequence <= damage.sequence }
    }

    package func contains(_ damage: Damage) -> Bool {
        places.contains(Place(segment: damage.segment, sequence: damage.sequence))
    }
}
