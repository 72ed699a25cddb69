import Checksums
import Glibc
import Millrace

/// Writes drafts as lines, each bound to the one before. Pure: it holds the end of the chain and a
/// buffer of lines that are to be written next.
struct RecordEncoder {
    /// The sequence of the next record.
    private(set) var next: UInt64
    /// The hash of the last line.
    private(set) var hash: SHA256.Value
    /// The time of the last record.
    private(set) var time: Timestamp
    /// Lines that were encoded and not yet taken.
    private(set) var bytes: [UInt8] = []
    private var timeText: [UInt8]

    init(next: UInt64, hash: SHA256.Value, time: Timestamp) {
        self.next = next
        self.hash = hash
        self.time = time
        timeText = Array(time.description.utf8)
    }

    /// Takes the clock's time for the lines that follow, unless it went backwards.
    mutating func advance(to now: Timestamp) {
        guard now > time else { return }
        time = now
        timeText = Array(now.description.utf8)
    }

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Appends one batch, which `DraftRules` has found good. Returns its events.
    mutating func append(_ drafts: [EventDraft], durable: UInt64) -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(drafts.count)
        for (index, draft) in drafts.enumerated() {
            let start = bytes.count
            bytes.append(contentsOf: RecordFormat.template)
            appendMembers(draft)
            bytes.append(RecordFormat.newline)
            fillIn(
                draft, from: start, durable: durable, batch: (index + 1, drafts.count))
            events.append(
                Event(
                    sequence: next, id: draft.id, type: draft.type, version: draft.version,
                    subject: draft.subject, time: time, actor: draft.actor,
                    causation: draft.causation, correlation: draft.correlation,
                    payload: draft.payload))
            next += 1
        }
        return events
    }

    private mutating func appendMembers(_ draft: EventDraft) {
        append(draft.type)
        append("\",\"specversion\":\"1.0\",\"id\":\"")
        append(draft.id)
        append("\",\"source\":\"")
        append(RecordEncoder.source(of: draft.actor))
        append("\",\"subject\":\"")
        JSONText.escape(draft.subject.description, into: &bytes)
        if let causation = draft.causation {
            append("\",\"causationid\":\"")
            append(causation)
        }
        append("\",\"actor\":\"")
        JSONText.escape(draft.actor.description, into: &bytes)
        append("\",\"dataversion\":\"")
        append(String(draft.version))
        append("\",\"datacontenttype\":\"application/json\",\"data\":")
        bytes.append(contentsOf: draft.payload)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Puts the fixed members into their places, the checksum last.
    private mutating func fillIn(
        _ draft: EventDraft, from start: Int, durable: UInt64, batch: (Int, Int)
    ) {
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            let line = base + start
            let length = buffer.count - start
            Digits.write(decimal: UInt64(length), 8, to: line + RecordFormat.length)
            Digits.write(decimal: next, 20, to: line + RecordFormat.sequence)
            Digits.write(decimal: durable, 20, to: line + RecordFormat.durable)
            timeText.withUnsafeBytes { text in
                if let source = text.baseAddress {
                    memcpy(line + RecordFormat.time, source, min(text.count, 27))
                }
            }
            Digits.write(decimal: UInt64(batch.0), 5, to: line + RecordFormat.batch)
            Digits.write(decimal: UInt64(batch.1), 5, to: line + RecordFormat.batch + 6)
            let correlation = draft.correlation
            Digits.write(hexadecimal: correlation.high, to: line + RecordFormat.correlation)
            Digits.write(hexadecimal: correlation.low, to: line + RecordFormat.correlation + 16)
            Digits.write(hash, to: line + RecordFormat.previous)
            let whole = UnsafeRawBufferPointer(start: line, count: length)
            let crc = RecordFormat.checksum(whole, end: length - 1)
            Digits.write(hexadecimal: crc, to: line + RecordFormat.crc)
            hash = SHA256.hash(UnsafeRawBufferPointer(start: line, count: length - 1))
        }
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ id: EventID) {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { digits in
            guard let base = digits.baseAddress else { return }
            Digits.write(hexadecimal: id.high, to: base)
            Digits.write(hexadecimal: id.low, to: base + 16)
            bytes.append(contentsOf: digits)
        }
    }

    /// The CloudEvents `source`: a URI reference (RFC 3986), with everything but unreserved
    /// characters of a name escaped.
    static func source(of actor: Actor) -> String {
        switch actor {
        case .system: return "millrace"
        case .user(let uid): return "millrace/user/\(uid)"
        case .plugin(let name):
            var text: [UInt8] = []
            for byte in name.utf8 {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: "_"), UInt8(ascii: "~"):
                    text.append(byte)
                default:
                    text += [
                        UInt8(ascii: "%"), Digits.hexadecimal[Int(byte >> 4)],
                        Digits.hexadecimal[Int(byte & 15)],
                    ]
                }
            }
            return "millrace/plugin/" + String(decoding: text, as: UTF8.self)
        }
    }
}

/// What a draft must be like to become a record that every reader takes back unchanged.
enum DraftRules {
    /// Nil when the batch can be written; otherwise the first draft that cannot, and why.
    static func problem(in drafts: [EventDraft]) -> (index: Int, reason: String)? {
        if drafts.isEmpty { return (0, "the batch is empty") }
        if drafts.count > RecordFormat.maximumBatch {
            return (0, "\(drafts.count) events in one batch; \(RecordFormat.maximumBatch) at most")
        }
        var total = 0
        for (index, draft) in drafts.enumerated() {
            if let reason = problem(in: draft) { return (index, reason) }
            total += draft.payload.count + 1024
            if total > maximumBytes {
                return (index, "the batch is larger than \(maximumBytes) bytes")
            }
        }
        return nil
    }

    /// Payloads of one batch, together: 16 MiB. A reader holds a whole batch in memory.
    static let maximumBytes = 16 << 20

    private static func problem(in draft: EventDraft) -> String? {
        let type = draft.type.utf8
        if type.isEmpty || type.count > RecordFormat.maximumType {
            return "the type has \(type.count) bytes; 1 to \(RecordFormat.maximumType) are allowed"
        }
        if !type.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
            return "the type \(draft.type.debugDescription) is not plain printable ASCII"
        }
        if draft.version < 1 { return "the version \(draft.version) is below 1" }
        let subject = draft.subject.description
        if subject.isEmpty || subject.utf8.count > RecordFormat.maximumSubject {
            return "the subject has \(subject.utf8.count) bytes; "
                + "1 to \(RecordFormat.maximumSubject) are allowed"
        }
        if Subject(parsing: subject) != draft.subject {
            return "the subject \(subject.debugDescription) has a slash in its kind"
        }
        let actor = draft.actor.description
        if actor.utf8.count > RecordFormat.maximumActor {
            return "the actor's name is longer than \(RecordFormat.maximumActor) bytes"
        }
        // Escaping can make six bytes of one.
        let most = RecordFormat.maximumLine - 4096 - 6 * (subject.utf8.count + 2 * actor.utf8.count)
        if draft.payload.count > most {
            return "the payload has \(draft.payload.count) bytes; at most \(most) fit in a record; "
                + "keep large data in the vault and its digest in the event"
        }
        if let flaw = JSONText.flaw(in: draft.payload) { return "the payload is \(flaw)" }
        return nil
    }
}
