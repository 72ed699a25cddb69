package import Millrace

/// Makes events of records, whoever read them, and remembers the names in those that it saw before.
/// Not for more than one thread at a time.
package final class RecordDecoder {
    private let names: RecordNames
    private let upcasters: Upcasters

    /// - Parameter types: those that matter to whoever asks.
    package init(_ reader: JournalReader, types: [String]) {
        names = RecordNames(types: types)
        upcasters = reader.upcasters
    }

    /// The place of the record's type among those that matter; nil for any other.
    package func place(ofType record: RecordLine) -> Int? {
        let line = record.bytes
        var end = RecordFormat.type
        while end < line.count, line[end] != UInt8(ascii: "\"") { end += 1 }
        return names.place(
            ofType: UnsafeRawBufferPointer(rebasing: line[RecordFormat.type..<end]))
    }

    /// The record's event, its payload brought up to date.
    package func event(of record: RecordLine) throws(JournalError) -> Event {
        try upcasters.upcast(try event(of: record, hasPayload: true))
    }

    /// The record's event without its payload, which is not brought up to date either.
    package func envelope(of record: RecordLine) throws(JournalError) -> Event {
        try event(of: record, hasPayload: false)
    }

    /// What the record is about.
    package func subject(of record: RecordLine) throws(JournalError) -> Subject {
        if let subject = RecordFields.plainSubject(in: record.bytes, names) { return subject }
        return try envelope(of: record).subject
    }

    private func event(
        of record: RecordLine, hasPayload: Bool
    ) throws(JournalError) -> Event {
        do throws(Unreadable) {
            return try RecordFields.event(
                in: record.bytes, sequence: record.sequence, names, hasPayload)
        } catch {
            throw .unreadable(sequence: record.sequence, member: error.member)
        }
    }
}
