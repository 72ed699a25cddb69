package import Journal
import LinuxSystem
import Millrace

/// Brings the snapshots of a journal up to date: folds on from the last one and writes another every so
/// many records, so that any moment of the past is near one. It changes nothing but the snapshots, and
/// may be stopped anywhere.
package struct SnapshotMaker: Sendable {
    package struct Policy: Sendable {
        /// Records between two snapshots.
        package var spacing: UInt64 = 10_000
        /// What all of them may take together. Beyond it they are made wider apart. Bytes.
        package var byteLimit = 256 << 20

        package init() {}
    }

    private let reader: JournalReader
    private let store: SnapshotStore
    private let empty: StateFold
    private let policy: Policy

    /// - Parameter empty: an empty fold of what is to be kept.
    package init(
        _ reader: JournalReader, _ store: SnapshotStore, empty: StateFold,
        policy: Policy = Policy()
    ) {
        self.reader = reader
        self.store = store
        self.empty = empty
        self.policy = policy
    }

    /// Writes what is missing, from the first gap on.
    ///
    /// - Parameters:
    ///   - isFinal: also one at the last record.
    ///   - goesOn: asked now and then; false ends it.
    /// - Returns: the record of the last snapshot.
    @discardableResult
    package func bringUpToDate(
        isFinal: Bool = false, goesOn: () -> Bool = { true }
    ) throws -> UInt64 {
        let kept = Set(try reader.archivedEnds().map(\.sequence))
        var known = store.believable(keeping: kept)
        let spacing = spacing(known)
        thin(&known, spacing, keeping: kept)
        let head = try reader.head().sequence
        var position: UInt64 = 0
        for name in known where name.sequence <= position + 2 * spacing {
            position = name.sequence
        }
        guard isFinal ? head > position : head >= position + spacing else { return position }
        return try write(from: position, to: head, spacing, isFinal: isFinal, goesOn)
    }

    /// Writes the snapshot at the end of what is going to be archived, durably: where the archive is out of
    /// reach, state begins with it. It stays as long as that is the end of a part of the archive.
    package func keep(at sequence: UInt64) throws {
        guard !store.believable().contains(where: { $0.sequence == sequence }) else { return }
        var fold = empty
        let cursor = try store.start(reader, &fold, at: .sequence(sequence)) ?? reader.cursor()
        let decoder = fold.decoder(reader)
        while fold.sequence < sequence, let record = try cursor.next() {
            try fold.apply(record, decoder)
            guard record.sequence == sequence else { continue }
            try store.write(fold, at: JournalMark(record), time: record.time, durable: true)
        }
    }

    private func write(
        from position: UInt64, to head: UInt64, _ spacing: UInt64, isFinal: Bool,
        _ goesOn: () -> Bool
    ) throws -> UInt64 {
        var fold = empty
        let start = try store.start(reader, &fold, at: .sequence(position))
        let cursor = try start ?? reader.cursor()
        let decoder = fold.decoder(reader)
        var last = fold.sequence
        while fold.sequence < head, let record = try cursor.next() {
            try fold.apply(record, decoder)
            if record.sequence % 1024 == 0, !goesOn() { return last }
            let isDue = record.sequence >= last + spacing || isFinal && record.sequence == head
            // At the end of a batch, as a crash would leave it.
            guard isDue, record.batchIndex == record.batchCount else { continue }
            try store.write(fold, at: JournalMark(record), time: record.time)
            last = record.sequence
        }
        return last
    }

    /// How far apart they are to be so that all have room.
    private func spacing(_ known: [SnapshotStore.Name]) -> UInt64 {
        var spacing = max(policy.spacing, 1)
        guard let newest = known.last,
            let size = try? FileStatus.of(store.path(newest))?.size, size > 0
        else { return spacing }
        while spacing < newest.sequence,
            newest.sequence / spacing > UInt64(max(1, policy.byteLimit / size))
        {
            spacing *= 2
        }
        return spacing
    }

    /// Removes those that are nearer to each other than they need be. The last one stays.
    private func thin(
        _ known: inout [SnapshotStore.Name], _ spacing: UInt64, keeping ends: Set<UInt64>
    ) {
        var kept: [SnapshotStore.Name] = []
        var before: UInt64 = 0
        for (index, name) in known.enumerated() {
            if index + 1 < known.count, known[index + 1].sequence <= before + spacing,
                !ends.contains(name.sequence)
            {
                try? Files.unlink(store.path(name))
            } else {
                kept.append(name)
                before = name.sequence
            }
        }
        known = kept
    }
}
