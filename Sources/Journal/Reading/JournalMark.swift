package import Checksums
import Millrace

/// A record and where it is: what a derived file stands at. Whoever has it can go on reading behind
/// it, if the journal still has that record at that place. The chain binds the record to all before it.
package struct JournalMark: Equatable, Sendable, Codable {
    package let sequence: UInt64
    /// SHA-256 of the record's line.
    package let hash: SHA256.Value
    /// The first sequence of its segment, and where its line begins there.
    package let segment: UInt64
    package let offset: Int

    package init(_ record: RawRecord) {
        sequence = record.sequence
        hash = record.hash
        segment = record.segment
        offset = record.offset
    }

    private enum CodingKeys: CodingKey { case sequence, hash, segment, offset }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sequence = try container.decode(UInt64.self, forKey: .sequence)
        hash = SHA256.Value(words: try container.decode(Digest.self, forKey: .hash).words)
        segment = try container.decode(UInt64.self, forKey: .segment)
        offset = try container.decode(Int.self, forKey: .offset)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sequence, forKey: .sequence)
        try container.encode(Digest(words: hash.words), forKey: .hash)
        try container.encode(segment, forKey: .segment)
        try container.encode(offset, forKey: .offset)
    }
}

extension JournalReader {
    /// A cursor that stands behind a mark; nil when the journal does not have the record there.
    package func cursor(after mark: JournalMark) throws(JournalError) -> JournalCursor? {
        if try archivedEnds().contains(JournalHead(sequence: mark.sequence, hash: mark.hash)) {
            // The record may be out of reach; the first one that stayed names its hash.
            return try cursor(from: mark.sequence + 1)
        }
        guard mark.offset >= 0, mark.sequence < .max,
            let file = try? SegmentFile(mark.segment, in: log),
            let (scan, record) = try? file.scan(at: mark.offset), let record,
            case .record(let length, mark.sequence) = scan, record.hash == mark.hash
        else { return nil }
        return JournalCursor(
            log, in: file, at: mark.offset + length, expecting: mark.sequence + 1,
            from: mark.sequence + 1, damage: damage, upcasters: upcasters)
    }
}
