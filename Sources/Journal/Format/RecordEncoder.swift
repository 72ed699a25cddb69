import Checksums
import Glibc
import Millrace

/// Writes drafts as lines, each bound to the one before. Pure: it holds the end of the chain and the
/// lines that are to be written next.
struct RecordEncoder {
    /// The sequence of the next record.
    private(set) var next: UInt64
    /// The hash of the last line.
    private(set) var hash: SHA256.Value
    /// The time of the last record.
    private(set) var time: Timestamp
    private let buffer = RecordBuffer()
    /// The beginning of a line with what many lines share: the time, and of a batch what is durable and
    /// the count.
    private var beginning = RecordFormat.template
    /// The members that follow from the actor: few actors write most of the events.
    private var actorMembers = ActorMembers(.system)

    init(next: UInt64, hash: SHA256.Value, time: Timestamp) {
        self.next = next
        self.hash = hash
        self.time = time
        begin(with: time)
    }

    /// Lines that were encoded since `clear`. Valid until the next call.
    var lines: UnsafeRawBufferPointer { buffer.bytes }

    func clear() { buffer.clear() }

    /// Takes the clock's time for the lines that follow, unless it went backwards.
    mutating func advance(to now: Timestamp) {
        guard now > time else { return }
        time = now
        begin(with: now)
    }

    private mutating func begin(with time: Timestamp) {
        for (index, byte) in time.description.utf8.prefix(RecordFormat.timeWidth).enumerated() {
            beginning[RecordFormat.time + index] = byte
        }
    }

    /// Appends one batch, which `DraftRules` has found good. Returns its events.
    mutating func append(_ drafts: [EventDraft], durable: UInt64) -> [Event] {
        beginning.withUnsafeMutableBytes { bytes in
            guard let line = bytes.baseAddress else { return }
            Digits.write(decimal: durable, 20, to: line + RecordFormat.durable)
            Digits.write(decimal: UInt64(drafts.count), 5, to: line + RecordFormat.batch + 6)
        }
        var events: [Event] = []
        events.reserveCapacity(drafts.count)
        // By index, for an iterator would retain what a draft holds.
        for index in drafts.indices {
            append(drafts[index], number: index + 1)
            events.append(event(of: drafts[index]))
            next += 1
        }
        return events
    }

    private func event(of draft: EventDraft) -> Event {
        Event(
            sequence: next, id: draft.id, type: draft.type, version: draft.version,
            subject: draft.subject, time: time, actor: draft.actor,
            causation: draft.causation, correlation: draft.correlation,
            payload: draft.payload)
    }

    private mutating func append(_ draft: EventDraft, number: Int) {
        let start = buffer.count
        // Escaping can make six bytes of one.
        let names = draft.subject.kind.utf8.count + draft.subject.name.utf8.count
        buffer.makeRoom(
            for: RecordFormat.type + 1024 + draft.type.utf8.count + 6 * names
                + 12 * RecordFormat.maximumActor + draft.payload.count)
        buffer.append(beginning)
        appendMembers(draft)
        fillIn(draft, from: start, number: number)
    }

    private mutating func appendMembers(_ draft: EventDraft) {
        if actorMembers.actor != draft.actor { actorMembers = ActorMembers(draft.actor) }
        buffer.append(draft.type)
        buffer.append("\",\"specversion\":\"1.0\",\"id\":\"")
        buffer.append(high: draft.id.high, low: draft.id.low)
        buffer.append(actorMembers.source)
        buffer.appendEscaped(draft.subject.kind)
        if !draft.subject.name.isEmpty {
            buffer.append("/")
            buffer.appendEscaped(draft.subject.name)
        }
        if let causation = draft.causation {
            buffer.append("\",\"causationid\":\"")
            buffer.append(high: causation.high, low: causation.low)
        }
        buffer.append(actorMembers.actorText)
        if draft.version == 1 {
            buffer.append("1\",\"datacontenttype\":\"application/json\",\"data\":")
        } else {
            buffer.append(String(draft.version))
            buffer.append("\",\"datacontenttype\":\"application/json\",\"data\":")
        }
        buffer.append(draft.payload)
        buffer.append("}\n")
    }

    /// Members that follow from the actor, with the names of those that come after them.
    private struct ActorMembers {
        let actor: Actor
        let source: [UInt8]
        let actorText: [UInt8]

        init(_ actor: Actor) {
            self.actor = actor
            source = Array(
                "\",\"source\":\"\(RecordEncoder.source(of: actor))\",\"subject\":\"".utf8)
            var text = Array("\",\"actor\":\"".utf8)
            JSONText.escape(actor.description, into: &text)
            actorText = text + Array("\",\"dataversion\":\"".utf8)
        }
    }

    /// Puts the fixed members into their places, the checksum last.
    private mutating func fillIn(_ draft: EventDraft, from start: Int, number: Int) {
        guard let line = buffer.pointer(to: start) else { return }
        let length = buffer.count - start
        Digits.write(decimal: UInt64(length), 8, to: line + RecordFormat.length)
        Digits.write(decimal: next, 20, to: line + RecordFormat.sequence)
        Digits.write(decimal: UInt64(number), 5, to: line + RecordFormat.batch)
        Digits.write(
            hexadecimal: draft.correlation.high, to: line + RecordFormat.correlation)
        Digits.write(
            hexadecimal: draft.correlation.low, to: line + RecordFormat.correlation + 16)
        Digits.write(hash, to: line + RecordFormat.previous)
        let whole = UnsafeRawBufferPointer(start: line, count: length)
        Digits.write(
            hexadecimal: RecordFormat.checksum(whole, end: length - 1), to: line + RecordFormat.crc)
        hash = SHA256.hash(UnsafeRawBufferPointer(start: line, count: length - 1))
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
