import Glibc
import Millrace

extension RecordFields {
    /// The event of a line whose members stand as `RecordEncoder` writes them, and without escapes: all
    /// but a few. It knows where each is and compares what lies between them; nil for every other line.
    static func plainEvent(
        in line: UnsafeRawBufferPointer, sequence: UInt64, time: Timestamp, correlation: EventID,
        _ names: RecordNames, _ hasPayload: Bool
    ) -> Event? {
        var walk = PlainLine(line)
        guard let type = walk.text(),
            walk.take("\",\"specversion\":\"1.0\",\"id\":\""), let id = walk.id(),
            walk.take("\",\"source\":\""), walk.text() != nil,
            walk.take("\",\"subject\":\""), let subject = walk.text(),
            let subject = names.subject(subject)
        else { return nil }
        var causation: EventID?
        if walk.take("\",\"causationid\":\"") {
            guard let id = walk.id() else { return nil }
            causation = id
        }
        guard walk.take("\",\"actor\":\""), let actor = walk.text(),
            let actor = names.actor(actor), walk.take("\",\"dataversion\":\""),
            let version = walk.text(), version.count == 1,
            (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(version[0]),
            walk.take("\",\"datacontenttype\":\"application/json\",\"data\":"),
            let payload = hasPayload ? walk.payload() : []
        else { return nil }
        return Event(
            sequence: sequence, id: id, type: names.type(type),
            version: Int(version[0] - UInt8(ascii: "0")), subject: subject, time: time,
            actor: actor, causation: causation, correlation: correlation, payload: payload)
    }
}

extension RecordFields {
    /// The subject of such a line; nil for every other.
    static func plainSubject(
        in line: UnsafeRawBufferPointer, _ names: RecordNames
    ) -> Subject? {
        var walk = PlainLine(line)
        guard walk.text() != nil, walk.take("\",\"specversion\":\"1.0\",\"id\":\""),
            walk.text() != nil, walk.take("\",\"source\":\""), walk.text() != nil,
            walk.take("\",\"subject\":\""), let subject = walk.text()
        else { return nil }
        return names.subject(subject)
    }
}

/// Goes through a line from its type on.
private struct PlainLine {
    private let line: UnsafeRawBufferPointer
    private var position = RecordFormat.type

    init(_ line: UnsafeRawBufferPointer) { self.line = line }

    /// Up to the next quote; nil where a text has escapes or bytes beyond ASCII.
    mutating func text() -> UnsafeRawBufferPointer? {
        let start = position
        while position < line.count {
            switch line[position] {
            case UInt8(ascii: "\""):
                return UnsafeRawBufferPointer(rebasing: line[start..<position])
            case UInt8(ascii: "\\"), 0x00...0x1F, 0x7F...0xFF: return nil
            default: position += 1
            }
        }
        return nil
    }

    mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard line.count - position >= count, let base = line.baseAddress,
            memcmp(base + position, word.utf8Start, count) == 0
        else { return false }
        position += count
        return true
    }

    mutating func id() -> EventID? {
        guard line.count - position >= 32, let high = Digits.hexadecimal(line, position, 16),
            let low = Digits.hexadecimal(line, position + 16, 16)
        else { return nil }
        position += 32
        return EventID(high: high, low: low)
    }

    /// All that is left but the closing brace.
    func payload() -> [UInt8]? {
        guard position < line.count - 1, line[line.count - 1] == UInt8(ascii: "}") else {
            return nil
        }
        return Array(line[position..<line.count - 1])
    }
}
