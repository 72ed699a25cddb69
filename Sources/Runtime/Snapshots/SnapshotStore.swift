package import Journal
package import LinuxSystem
import Millrace

/// The folder of snapshots beside a journal. Its files are named by the record that they stand at and
/// its time: `SEQUENCE-MICROSECONDS.snapshot`, twenty digits each. Missing, damaged and strange files
/// are as good as none.
package struct SnapshotStore: Sendable {
    package let directory: FilePath

    package init(_ directory: FilePath) { self.directory = directory }

    /// The snapshots of a workspace's journal: `.millrace/snapshots`.
    package init(beside journal: FilePath) {
        self.init(journal.parent.appending("snapshots"))
    }

    struct Name: Equatable {
        let sequence: UInt64
        let time: Timestamp

        var text: String { "\(digits(sequence))-\(digits(micros)).snapshot" }

        private var micros: UInt64 { UInt64(clamping: time.microseconds) }

        private func digits(_ number: UInt64) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, 20 - text.utf8.count)) + text
        }

        init(sequence: UInt64, time: Timestamp) {
            self.sequence = sequence
            self.time = time
        }

        init?(parsing name: String) {
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            guard name.utf8.count == 50, name.hasSuffix(".snapshot"), parts.count == 2,
                parts[0].utf8.count == 20, let sequence = UInt64(parts[0]),
                let micros = Int64(parts[1].prefix(20))
            else { return nil }
            self.init(sequence: sequence, time: Timestamp(microseconds: micros))
        }
    }

    /// In the order of the journal.
    func names() -> [Name] {
        ((try? Files.names(in: directory)) ?? []).compactMap { Name(parsing: $0.string) }
            .sorted { $0.sequence < $1.sequence }
    }

    func path(_ name: Name) -> FilePath { directory.appending(name.text) }

    /// A snapshot while it is written; there is one writer.
    private var unfinished: FilePath { directory.appending(".unfinished") }

    /// Folds a journal up to a moment, from the nearest snapshot before it that can be believed.
    ///
    /// - Parameter fold: empty; it says what is wanted.
    /// - Throws: what reading the journal throws; what is wrong with a snapshot is no error.
    package func fold(
        _ reader: JournalReader, into fold: StateFold, at moment: Moment
    ) throws(JournalError) -> StateFold {
        var result = fold
        if let cursor = try start(reader, &result, at: moment) {
            try result.fold(cursor, of: reader, to: moment)
        } else {
            try result.fold(try reader.cursor(), of: reader, to: moment)
        }
        return result
    }

    /// The records that snapshots stand at, in order.
    package var sequences: [UInt64] { names().map(\.sequence) }

    /// The state that the snapshot at a record holds; nil when it cannot be believed.
    package func state(
        at sequence: UInt64, _ reader: JournalReader, _ empty: StateFold
    ) throws(JournalError) -> StateFold? {
        var fold = empty
        guard try start(reader, &fold, at: .sequence(sequence)) != nil,
            fold.sequence == sequence
        else { return nil }
        return fold
    }

    /// How many snapshots are tried before everything is folded.
    private static let attempts = 4

    /// Takes up the nearest snapshot before a moment.
    ///
    /// - Returns: a cursor that stands behind it; nil when there is none, and then nothing changed.
    package func start(
        _ reader: JournalReader, _ fold: inout StateFold, at moment: Moment
    ) throws(JournalError) -> JournalCursor? {
        let candidates = names().filter {
            moment.includes(sequence: $0.sequence, time: $0.time)
        }
        for name in candidates.suffix(SnapshotStore.attempts).reversed() {
            guard let snapshot = try? Snapshot(path(name)),
                snapshot.header.mark.sequence == name.sequence, snapshot.header.time == name.time,
                let cursor = try reader.cursor(after: snapshot.header.mark)
            else { continue }
            var candidate = fold
            guard (try? candidate.restore(snapshot)) != nil else { continue }
            fold = candidate
            return cursor
        }
        return nil
    }

    /// Goes on from a fold that was taken from a snapshot while somebody opened the journal for writing,
    /// and may have cut its end.
    ///
    /// - Returns: a cursor behind it; nil when the journal does not have its record any more.
    package func cursor(
        after fold: StateFold, _ reader: JournalReader
    ) throws(JournalError) -> JournalCursor? {
        guard let name = names().last(where: { $0.sequence == fold.sequence }),
            let snapshot = try? Snapshot(path(name)), snapshot.header.time == name.time
        else { return nil }
        return try reader.cursor(after: snapshot.header.mark)
    }

    /// Those that are this program's and whole, as far as their headers tell; all others are removed.
    ///
    /// For the one who writes: what a kill left half written goes too.
    ///
    /// - Parameter kept: records whose snapshots are not removed, whatever they are.
    func believable(keeping kept: Set<UInt64> = []) -> [Name] {
        try? Files.unlink(unfinished)
        return names().filter { name in
            if let snapshot = try? Snapshot(path(name)),
                snapshot.header.mark.sequence == name.sequence
            {
                return true
            }
            if !kept.contains(name.sequence) { try? Files.unlink(path(name)) }
            return false
        }
    }

    /// Removes those that know a record, or a later one: it is damaged, and what is folded from now on
    /// does without it.
    package func forget(from sequence: UInt64) {
        for name in names() where name.sequence >= sequence { try? Files.unlink(path(name)) }
    }

    /// Writes a snapshot. Where others can be made it need not be durable: one that a power cut damages
    /// is as good as none.
    func write(
        _ fold: StateFold, at mark: JournalMark, time: Timestamp, durable: Bool = false
    ) throws {
        try Files.makeDirectories(directory, mode: 0o700)
        let bytes = try Snapshot.bytes(try fold.sections(), at: mark, time: time)
        let name = Name(sequence: mark.sequence, time: time)
        try Files.replace(
            path(name), with: bytes, mode: 0o600, durable: durable, temporary: unfinished)
    }
}
