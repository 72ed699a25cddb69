package import Journal
package import Millrace

/// The bytes that the journal's events name by digest and that were not removed since, each once, in the
/// order in which they were named first.
package struct NamedObjects: Sendable {
    package struct Object: Sendable, Hashable {
        package let digest: Digest
        /// The first record that names it, since it was removed if it ever was.
        package let sequence: UInt64
        /// What it is, in a few words.
        package let what: String
    }

    package private(set) var objects: [Object] = []
    /// How many were removed under retention, and have not come back.
    package var removedCount: Int { removed.count }
    private var seen: Set<Digest> = []
    private var removed: Set<Digest> = []

    /// Reads a whole journal; what is damaged is passed over.
    package init(_ reader: JournalReader) throws(JournalError) {
        let cursor = try reader.cursor(damage: .skip({ _ in }))
        while let record = try cursor.next() {
            let type = cursor.type(of: record)
            if type == VaultCollected.type {
                remove(try cursor.event(of: record))
            } else if ObjectNames.types.contains(type) {
                add(try cursor.event(of: record))
            }
        }
    }

    private mutating func add(_ event: Event) {
        // What was removed comes back as a file, or is stored by what makes it; later events only tell of
        // it once more.
        let isSource = [
            FileArrived.type, DataAccepted.type, RunCompleted.type, DatasetVersionCreated.type,
            ModelVersionCreated.type,
        ].contains(event.type)
        ObjectNames.forEach(in: event) { digest, _, what in
            if !removed.isEmpty, removed.contains(digest) {
                guard isSource else { return }
                removed.remove(digest)
            }
            guard seen.insert(digest).inserted else { return }
            objects.append(Object(digest: digest, sequence: event.sequence, what: what()))
        }
    }

    private mutating func remove(_ event: Event) {
        let digests = Set(event.payload(as: VaultCollected.self)?.objects.map(\.sha256) ?? [])
        seen.subtract(digests)
        removed.formUnion(digests)
        objects.removeAll { digests.contains($0.digest) }
    }
}
