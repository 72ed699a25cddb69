package import Journal
package import Millrace

/// Some bytes are no longer in the vault, and the journal says why.
package struct RemovedObject: Error, Sendable, CustomStringConvertible {
    package let object: VaultCollected.Object
    /// The event that named it before it was removed.
    package let sequence: UInt64
    package let time: Timestamp

    package var description: String {
        "\(object.what) (\(object.sha256.short)) \(when); the same file, dropped again, brings it back"
    }

    /// `was removed under retention on DATE (event #NUMBER)`
    package var when: String {
        "was removed under retention on \(time.description.prefix(10)) (event #\(sequence))"
    }
}

/// Finds out whether bytes that are not there were removed on purpose.
package struct RemovedObjects: Sendable {
    private let reader: JournalReader

    package init(_ reader: JournalReader) { self.reader = reader }

    /// The last time that they were removed; nil when they never were, or nobody can tell.
    package func find(_ digest: Digest) -> RemovedObject? {
        guard let cursor = try? reader.records(with: .subject(VaultCollected.subject)) else {
            return nil
        }
        var found: RemovedObject?
        while let event = try? cursor.nextEvent() {
            guard event.actor == .system, let collected = event.payload(as: VaultCollected.self),
                let object = collected.objects.first(where: { $0.sha256 == digest })
            else { continue }
            found = RemovedObject(object: object, sequence: event.sequence, time: event.time)
        }
        return found
    }
}
