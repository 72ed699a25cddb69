/// One field of the current record: a range of the reader's buffer, valid until the next record.
struct Field {
    var start: UnsafeMutablePointer<UInt8>
    var count: Int
    /// In quotes, so that its text is never a null token. JSON texts count as quoted.
    var isQuoted: Bool
    /// Contains doubled quotes that have not been made single yet.
    var isEscaped: Bool
    /// No value, whatever the null tokens are.
    var isNull = false

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// What makes a record unreadable as a whole.
struct RowDefect: Equatable {
    enum Kind { case strayQuote, unclosedQuote, zeroByte, encoding, tooLong, json }
    var kind: Kind
    /// The byte in the file.
    var byteOffset: Int
    /// Some bytes of the row around the place, for the report.
    var excerpt: String
}

/// The record that a reader is at.
struct Record {
    var fields: UnsafeMutablePointer<Field>
    var count: Int
    /// Of the first byte of the record in the file.
    var byteOffset: Int
    /// Of the first line of the record, counted from 1.
    var line: Int
    /// Whether a line end followed: the last row of a cut file has none.
    var isTerminated: Bool
    /// The fields are not to be used; the reader's `defect` says why.
    var isDefective: Bool
    /// `StableHash` of the record's bytes without the line end; 0 unless asked for.
    var hash: UInt64
    /// Where the record's first byte is in the buffer; nil when the fields are not parts of it.
    var bufferStart: UnsafeMutablePointer<UInt8>?

    /// The place of a field in the file, or of the record where fields have no place.
    func byteOffset(of field: Field) -> Int {
        bufferStart.map { byteOffset + (field.start - $0) } ?? byteOffset
    }
}

/// A source of records: header first, then row by row.
protocol RecordReader: AnyObject {
    /// The names of the columns, exactly as they are written.
    var columnNames: [String] { get }
    /// How the text was understood, for a report.
    var formatName: String { get }
    /// Bytes read so far.
    var bytesRead: Int { get }
    /// What is wrong with the current record, if it is defective. Kept apart from the record, which
    /// is copied for each row.
    var defect: RowDefect? { get }
    /// The next record; nil at the end.
    func next() throws(TabularError) -> Record?
}
