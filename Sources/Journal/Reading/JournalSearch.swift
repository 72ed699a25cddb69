package import Millrace

// What a reader finds without reading everything.
extension JournalReader {
    /// The record with this sequence; nil when there is none.
    package func record(_ sequence: UInt64) throws(JournalError) -> RawRecord? {
        guard let record = try cursor(from: sequence).next(), record.sequence == sequence else {
            return nil
        }
        return record
    }

    /// The records that have a key, in order, of those whose sequences lie in a range.
    package func records(
        with key: IndexKey, in sequences: ClosedRange<UInt64> = 1...(.max - 1)
    ) throws(JournalError) -> IndexCursor {
        try IndexCursor(self, key, sequences)
    }

    /// All events that go back to the same root, in order.
    package func events(correlation: EventID) throws(JournalError) -> [Event] {
        let cursor = try records(with: .correlation(correlation))
        var events: [Event] = []
        while let event = try cursor.nextEvent() { events.append(event) }
        return events
    }

    /// The sequence of the first record at or after a time; nil when all are earlier.
    package func sequence(at time: Timestamp) throws(JournalError) -> UInt64? {
        let cursor = try cursorBefore(time)
        while let record = try cursor.next() {
            if record.time >= time { return record.sequence }
        }
        return nil
    }

    /// A cursor whose first record is the first at or after a time; nil when all are earlier.
    package func cursor(from time: Timestamp) throws(JournalError) -> JournalCursor? {
        guard let sequence = try sequence(at: time) else { return nil }
        return try cursor(from: sequence)
    }

    /// A cursor that begins before a time, and not far from it where there is an index.
    private func cursorBefore(_ time: Timestamp) throws(JournalError) -> JournalCursor {
        let segments = try log.segments()
        // The last segment whose first record is earlier holds the answer, or the next one begins
        // with it. Times never go backwards, so the search may halve.
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            let first = try cursor(from: segments[middle]).next()
            if let first, first.time < time { low = middle + 1 } else { high = middle }
        }
        let start = segments.isEmpty ? 1 : segments[max(0, low - 1)]
        // Not one of the same time: those before it may have it, too.
        if let (place, file) = try place(in: start, { $0.time < time }) {
            return JournalCursor(
                log, in: file, at: place.offset, expecting: place.sequence, from: place.sequence,
                damage: damage, upcasters: upcasters)
        }
        return try cursor(from: start)
    }

    /// The last place in a segment of those that come before something, if the record that its index
    /// tells of is really there.
    func place(
        in first: UInt64, _ isBefore: (IndexPlace) -> Bool
    ) throws(JournalError) -> (IndexPlace, SegmentFile)? {
        var index = indexes.sealed(first)
        if index == nil {
            index = try indexes.pieces(of: first).last { piece in
                isBefore(
                    IndexPlace(
                        sequence: piece.header.sequences.lowerBound,
                        time: piece.header.times.lowerBound, offset: piece.header.range.lowerBound))
            }
        }
        guard let index, let places = index.places() else { return nil }
        // In order: the first that does not come before ends the search.
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(places[middle]) { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let place = places[low - 1]
        let file = try SegmentFile(first, in: log)
        guard let record = try file.single(at: place.offset), record.sequence == place.sequence,
            record.time == place.time
        else {
            indexes.distrust(index)
            return nil
        }
        return (place, file)
    }
}
