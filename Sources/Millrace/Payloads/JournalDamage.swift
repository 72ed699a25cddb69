/// Somebody had the daemon start on a journal with damaged places (`run --accept-damage`): what is
/// readable around them counts from here on, and what is not is lost.
///
/// The journal's writer appends one for what it finds when it opens the log, and the daemon one for
/// what lies further back.
public struct JournalDamaged: EventPayload {
    public static let type = "journal.damaged"

    public struct Place: Codable, Hashable, Sendable {
        /// The name of the segment's file.
        public var segment: String
        /// The sequence of the record that belongs there.
        public var sequence: UInt64
        /// Bytes from the beginning of the segment.
        public var offset: Int
        /// What is wrong, in words.
        public var flaw: String
        /// Where something whole follows, or the end of the segment.
        public var end: Int?
        /// The bytes that lie there: others, or more of them, are damage that nobody has accepted. Nil
        /// where there was no file, and in events of earlier programs.
        public var sha256: Digest?

        public init(segment: String, sequence: UInt64, offset: Int, flaw: String) {
            self.segment = segment
            self.sequence = sequence
            self.offset = offset
            self.flaw = flaw
        }
    }

    /// The first hundred.
    public var damages: [Place]

    public var subject: Subject { .workspace }

    public var summary: String {
        let first = damages.first.map { "record \($0.sequence), \($0.segment): \($0.flaw)" } ?? ""
        let more = damages.count > 1 ? ", and \(count(damages.count - 1, "more place"))" : ""
        return "accepted: \(first)\(more)"
    }

    public init(damages: [Place]) { self.damages = damages }
}
