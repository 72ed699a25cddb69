/// Whole segments at the beginning of the journal were moved to another directory (`retention.journal`,
/// `millrace archive`).
/// They were copied, forced to the disk and compared before this was journaled, and removed after.
public struct JournalArchived: EventPayload {
    public static let type = "journal.archived"
    /// The command that asks for it.
    public static let command = "archive"

    /// A segment that was moved now.
    public struct Segment: Codable, Hashable, Sendable {
        /// The name of its file.
        public var name: String
        /// Its first and its last record.
        public var first: UInt64
        public var last: UInt64
        public var bytes: Int
        public var sha256: Digest

        public init(name: String, first: UInt64, last: UInt64, bytes: Int, sha256: Digest) {
            self.name = name
            self.first = first
            self.last = last
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// A stretch of records, and the directory that has their segments.
    public struct Part: Codable, Hashable, Sendable {
        public var directory: String
        public var first: UInt64
        public var last: UInt64
        /// SHA-256 of the last one's line, which the record after it names as the one before it.
        public var head: Digest

        public init(directory: String, first: UInt64, last: UInt64, head: Digest) {
            self.directory = directory
            self.first = first
            self.last = last
            self.head = head
        }
    }

    public var segments: [Segment]
    /// All that was ever archived, in order: the last of these events knows where everything is.
    public var parts: [Part]

    /// The last archived record.
    public var last: UInt64 { parts.last?.last ?? 0 }

    /// By which the events are found.
    public static let subject = Subject("journal", "archive")
    public var subject: Subject { JournalArchived.subject }

    public var summary: String {
        let first = segments.first?.first ?? 0
        return "records \(first) to \(last) lie in \(parts.last?.directory ?? "")"
    }

    public init(segments: [Segment], parts: [Part]) {
        self.segments = segments
        self.parts = parts
    }
}
