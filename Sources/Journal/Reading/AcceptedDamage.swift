import Checksums
import LinuxSystem
package import Millrace

/// The damaged places of a journal that somebody has accepted, as the journal itself says.
///
/// What was accepted is the bytes that lay there: where they are others now, or the damage reaches
/// farther, it is damage that nobody has accepted.
package struct AcceptedDamage: Sendable {
    /// The event by which a place was accepted.
    package struct Acceptance: Sendable {
        package let sequence: UInt64
        package let time: Timestamp
        package let actor: Actor
    }

    private let log: LogDirectory
    private var places: [(place: JournalDamaged.Place, by: Acceptance?)]

    /// Reads a whole journal, over all damage.
    package init(_ reader: JournalReader) throws(JournalError) {
        self.init([], in: reader)
        let cursor = try reader.cursor(damage: .skip({ _ in }))
        while let record = try cursor.next() {
            guard record.isType("journal.damaged") else { continue }
            let event = try cursor.event(of: record)
            let by = Acceptance(sequence: event.sequence, time: event.time, actor: event.actor)
            places += (event.payload(as: JournalDamaged.self)?.damages ?? []).map { ($0, by) }
        }
    }

    /// What is known to be in the events of a journal.
    package init(_ places: [JournalDamaged.Place], in reader: JournalReader) {
        log = reader.log
        self.places = places.map { ($0, nil) }
    }

    package func contains(_ damage: Damage) -> Bool { entry(of: damage) != nil }

    /// By what it was accepted; nil when it was not, or when that is not known.
    package func acceptance(of damage: Damage) -> Acceptance? { entry(of: damage)?.by }

    private func entry(of damage: Damage) -> (place: JournalDamaged.Place, by: Acceptance?)? {
        places.first { place, _ in
            place.segment == damage.segment && place.sequence == damage.sequence
                && log.isAsAccepted(place, atEnd: false)
        }
    }

    /// The same, or whether what is missing at the end of a segment follows a place in it that was
    /// accepted and reaches that far: nothing behind such a place need be whole.
    package func covers(_ damage: Damage) -> Bool {
        contains(damage)
            || places.contains { place, _ in
                place.segment == damage.segment && place.sequence <= damage.sequence
                    && log.isAsAccepted(place, atEnd: true)
            }
    }
}

extension JournalReader {
    /// A damaged place as it is written down when somebody accepts it.
    package func accepting(_ damage: Damage) -> JournalDamaged.Place { log.accepting(damage) }
}

extension LogDirectory {
    func accepting(_ damage: Damage) -> JournalDamaged.Place {
        var place = JournalDamaged.Place(
            segment: damage.segment, sequence: damage.sequence, offset: damage.offset,
            flaw: "\(damage.flaw)")
        // What cannot be read is known by its place alone.
        guard let file = file(of: place), let end = try? file.endOfDamage(from: damage.offset),
            let digest = try? file.digest(of: damage.offset..<end)
        else { return place }
        place.end = end
        place.sha256 = Digest(words: digest.words)
        return place
    }

    private func file(of place: JournalDamaged.Place) -> SegmentFile? {
        guard place.offset >= 0 else { return nil }
        return SegmentName.first(of: FilePath(place.segment)).flatMap {
            try? SegmentFile($0, in: self)
        }
    }

    /// Do the bytes lie there that were accepted, and does something whole follow?
    ///
    /// - Parameter atEnd: what follows must be the end of the segment.
    fileprivate func isAsAccepted(_ place: JournalDamaged.Place, atEnd: Bool) -> Bool {
        // Events of earlier versions name no bytes.
        guard let end = place.end, let digest = place.sha256 else { return true }
        guard end >= place.offset, let file = file(of: place),
            let found = try? file.digest(of: place.offset..<end),
            Digest(words: found.words) == digest, let scan = try? file.scan(at: end).0
        else { return false }
        if case .record = scan { return !atEnd }
        do { return try file.firstByteThatIsNoFiller(from: end) == nil } catch { return false }
    }
}

extension SegmentFile {
    /// Where the next record begins that is whole, or where the reserved room does.
    fileprivate func endOfDamage(from offset: Int) throws(JournalError) -> Int {
        var candidate = try nextCandidate(from: offset + 1)
        while let start = candidate {
            if case .record = try scan(at: start).0 { return start }
            candidate = try nextCandidate(from: start + 1)
        }
        // The reserved room is not a part of it.
        return max(offset, try endOfContents())
    }
}
