import Checksums
package import Millrace

/// What records are looked for by.
package enum IndexKey: Hashable, Sendable {
    /// The one event with this id.
    case id(EventID)
    /// All whose ids lie in a range: those that begin with some digits, for example.
    case ids(ClosedRange<EventID>)
    /// All that go back to the same event.
    case correlation(EventID)
    /// All that are about the same thing.
    case subject(Subject)

    /// All ids that begin with these hexadecimal digits; nil for anything but 1 to 32 of them.
    package init?(idPrefix digits: some StringProtocol) {
        let count = digits.utf8.count
        guard (1...32).contains(count) else { return nil }
        func filled(_ digit: String) -> EventID? {
            EventID(hex: digits.lowercased() + String(repeating: digit, count: 32 - count))
        }
        guard let low = filled("0"), let high = filled("f") else { return nil }
        self = .ids(low...high)
    }

    var table: IndexTable {
        switch self {
        case .id, .ids: .id
        case .correlation: .correlation
        case .subject: .subject
        }
    }

    /// The keys in that table.
    var range: ClosedRange<EventID> {
        switch self {
        case .id(let id), .correlation(let id): id...id
        case .ids(let range): range
        case .subject(let subject):
            { $0...$0 }(IndexKey.hash(ofSubject: Array(subject.description.utf8)))
        }
    }

    static let everything = EventID(high: 0, low: 0)...EventID(high: .max, low: .max)

    static func hash(ofSubject text: [UInt8]) -> EventID {
        let words = SHA256.hash(text).words
        return EventID(high: words.0, low: words.1)
    }

    /// Is the record one of them?
    func matches(_ record: RawRecord) throws(JournalError) -> Bool {
        switch self {
        case .id(let id): try record.names().id == id
        case .ids(let range): range.contains(try record.names().id)
        case .correlation(let id): record.correlation == id
        case .subject(let subject):
            try record.names().subject.elementsEqual(subject.description.utf8)
        }
    }
}

extension RawRecord {
    /// What an index names a record by, without reading its payload.
    func names() throws(JournalError) -> (id: EventID, subject: [UInt8]) {
        let result: Result<(EventID, [UInt8]), Unreadable> = withLine { line in
            Result { () throws(Unreadable) in try RecordFields.names(in: line) }
        }
        switch result {
        case .success(let names): return names
        case .failure(let flaw): throw .unreadable(sequence: sequence, member: flaw.member)
        }
    }

    /// The checksum that stands in it.
    var checksum: UInt32 {
        withLine { Digits.hexadecimal($0, RecordFormat.crc, 8) }
            .map { UInt32(truncatingIfNeeded: $0) } ?? 0
    }
}

extension RecordFields {
    /// The event's id and the text of its subject, which stand before the payload.
    static func names(
        in line: UnsafeRawBufferPointer
    ) throws(Unreadable) -> (id: EventID, subject: [UInt8]) {
        var scanner = JSONScanner(line, from: RecordFormat.type - 1)
        guard scanner.takeString() != nil else { throw Unreadable(member: "type") }
        var id: EventID?
        while scanner.take(UInt8(ascii: ",")) {
            guard let key = scanner.takeString(), scanner.take(UInt8(ascii: ":")) else { break }
            let name = UnsafeRawBufferPointer(rebasing: line[key])
            if equal(name, "id") {
                guard let value = scanner.takeString(), value.count == 32,
                    let high = Digits.hexadecimal(line, value.lowerBound, 16),
                    let low = Digits.hexadecimal(line, value.lowerBound + 16, 16)
                else { throw Unreadable(member: "id") }
                id = EventID(high: high, low: low)
            } else if equal(name, "subject") {
                guard let id, let value = scanner.takeString() else { break }
                let text = UnsafeRawBufferPointer(rebasing: line[value])
                guard text.contains(UInt8(ascii: "\\")) else { return (id, Array(text)) }
                guard let plain = JSONText.unescape(text) else { break }
                return (id, Array(plain.utf8))
            } else if equal(name, "data") || !scanner.skipScalar() {
                break
            }
        }
        throw Unreadable(member: id == nil ? "id" : "subject")
    }
}
