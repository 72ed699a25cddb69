/// What the writer of the journal found at its end when it opened it, and what it did about it: a write
/// that was never acknowledged was cut off, or the file `head` was gone.
public struct JournalRecovered: EventPayload {
    public static let type = "journal.recovered"

    /// What became of the file that names the end of the journal.
    public enum HeadLoss: String, Codable, Hashable, Sendable {
        case missing
        /// Neither of its two copies is whole.
        case damaged
    }

    /// The segment whose end was cut; nil when nothing was.
    public var segment: String?
    /// Where it was cut. Bytes from the beginning of the segment.
    public var offset: Int?
    /// How many bytes were cut.
    public var bytes: Int?
    /// The file beside the segments that has them.
    public var keptAs: String?
    /// There were records, and no head. A new one was made; whether records were cut from the end
    /// before, nothing here shows.
    public var headFile: HeadLoss?
    /// The last record that was there then.
    public var last: UInt64?

    public var subject: Subject { .workspace }

    public var summary: String {
        if let headFile {
            return """
                the file head was \(headFile.rawValue): whether records after #\(last ?? 0) were cut \
                from the end, nothing here shows
                """
        }
        return """
            \(count(bytes ?? 0, "byte")) at the end of \(segment ?? "a segment") that nobody was told \
            of were cut off, and kept as \(keptAs ?? "a file")
            """
    }

    public init(segment: String, offset: Int, bytes: Int, keptAs: String) {
        self.segment = segment
        self.offset = offset
        self.bytes = bytes
        self.keptAs = keptAs
    }

    public init(headFile: HeadLoss, last: UInt64) {
        self.headFile = headFile
        self.last = last
    }
}
